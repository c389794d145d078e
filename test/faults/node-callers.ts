// People and devices that call a whole node by its port.
import {LiveDevice, type LiveDeviceOptions} from '#test/support/live-device.ts';
import {personOf, readAnswer, type Person} from '#test/support/world.ts';

/** The same person and device, asking that node. */
export const asking = (person: Person, {port}: {readonly port: number}): Person =>
  personOf(
    async <Body>(path: string, init?: RequestInit) =>
      readAnswer<Body>(await fetch(`http://127.0.0.1:${port}${path}`, init)),
    person,
  );

/** copy: of a device that comes back. Resolves once welcomed or closed. */
export const connectTo = (
  port: number,
  {token, tenantId, deviceId}: Person,
  copy: Pick<LiveDeviceOptions, 'records' | 'clientId' | 'cursor'> = {},
): Promise<LiveDevice> =>
  LiveDevice.connect({url: `ws://127.0.0.1:${port}`, token, tenantId, deviceId, ...copy});
