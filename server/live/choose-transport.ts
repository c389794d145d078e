// Which transport serves: uWebSockets.js where its binary loads, `ws` everywhere else.

import type {StartTransport, Transport} from './socket.ts';
import {loadUws} from './uws-load.ts';
import {startUwsTransport} from './uws-transport.ts';
import {startWsTransport} from './ws-transport.ts';

export type ChosenTransport =
  | {
      readonly kind: Transport['kind'];
      readonly start: StartTransport;
      /** Why `auto` did not take the faster one; the caller logs it. */
      readonly fallbackReason: string | undefined;
    }
  | {readonly kind: 'unavailable'; readonly reason: string};

/** `auto` never gives `unavailable`; `uws` does where the library does not load. */
export function chooseTransport(wanted: 'auto' | 'uws' | 'ws'): ChosenTransport {
  if (wanted === 'ws') return {kind: 'ws', start: startWsTransport, fallbackReason: undefined};
  const loaded = loadUws();
  if (loaded.kind === 'loaded') return {kind: 'uws', start: startUwsTransport, fallbackReason: undefined};
  if (wanted === 'uws') return {kind: 'unavailable', reason: loaded.reason};
  return {kind: 'ws', start: startWsTransport, fallbackReason: loaded.reason};
}
