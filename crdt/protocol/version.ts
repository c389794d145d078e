// The version of the live protocol, named first in every `hello`. Any change to a frame's bytes raises it:
// test/golden pins the bytes of each version.
export const PROTOCOL_VERSION = 1;
