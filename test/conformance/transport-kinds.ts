// Which transports the conformance suite runs over. `TRANSPORTS=uws` or `TRANSPORTS=ws,uws` insists, and then
// one that does not load is a failure; without it `ws` runs, and `uws` where its binary loads.

import type {StartTransport, Transport} from '#server/live/socket.ts';
import {loadUws} from '#server/live/uws-load.ts';
import {startUwsTransport} from '#server/live/uws-transport.ts';
import {startWsTransport} from '#server/live/ws-transport.ts';

type Kind = Transport['kind'];

const startByKind: Record<Kind, StartTransport> = {ws: startWsTransport, uws: startUwsTransport};

export interface TransportUnderTest {
  readonly kind: Kind;
  readonly start: StartTransport;
}

export function listTransportsUnderTest(): TransportUnderTest[] {
  const kinds = readWantedKinds() ?? (loadUws().kind === 'loaded' ? ['ws', 'uws'] : ['ws']);
  return kinds.map((kind) => ({kind, start: startByKind[kind]}));
}

function readWantedKinds(): Kind[] | undefined {
  const wanted = process.env['TRANSPORTS'];
  if (wanted === undefined || wanted === '') return undefined;
  return wanted.split(',').map((word) => {
    const kind = word.trim();
    if (kind !== 'ws' && kind !== 'uws') throw new Error(`TRANSPORTS names no transport: ${kind}`);
    return kind;
  });
}
