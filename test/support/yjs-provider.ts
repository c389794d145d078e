// The unmodified y-websocket provider from npm, as an app would use it on one record.
import {onTestFinished} from 'vitest';
import {WebSocket} from 'ws';
import {WebsocketProvider} from 'y-websocket';
import * as Y from 'yjs';
import {writeFields} from './live-device.ts';
import type {Person} from './world.ts';
import {Watched} from '../conformance/watch.ts';

/** A provider and its document; `changed` with every event of either. */
export class ProviderDevice extends Watched {
  readonly doc: Y.Doc;
  readonly provider: WebsocketProvider;
  /** Close codes in order; null for closes of our own. */
  readonly closes: (number | null)[] = [];
  /** Set once the provider gave up for good. */
  finalClose: {code: number; reason: string} | null = null;

  constructor({url, entity, id, person, doc = new Y.Doc(), connect = true}: ProviderOptions) {
    super();
    this.doc = doc;
    const {token, tenantId, deviceId} = person;
    this.provider = new WebsocketProvider(`${url}/v1/sync/yjs/${entity}`, id, doc, {
      WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
      // Else providers of one process talk to each other without the server.
      disableBc: true,
      connect,
      params: {token, device: deviceId, ...(tenantId === null ? {} : {tenant: tenantId})},
      maxBackoffTime: 100,
    });
    const {provider} = this;
    // Typed by the DOM, which Node's types lack.
    provider.on('connection-close', (event: {code: number} | null) => {
      this.closes.push(event === null ? null : event.code);
      this.changed();
    });
    provider.on('closed', (close) => {
      this.finalClose = close;
      this.changed();
    });
    provider.on('sync', () => this.changed());
    provider.on('status', () => this.changed());
    provider.awareness.on('change', () => this.changed());
    doc.on('update', () => this.changed());
  }

  async synced(): Promise<this> {
    await this.until(() => this.provider.synced || this.finalClose !== null);
    return this;
  }

  set(fields: Record<string, unknown>, at = Date.now()): void {
    this.doc.transact(() => writeFields(this.doc, fields, at));
  }

  shown(field: string): unknown {
    return (this.doc.getMap('fields').get(field) as [number, unknown] | undefined)?.[1];
  }

  /** Resolves once the field shows a value. */
  async shows(field: string, value: unknown): Promise<void> {
    await this.until(() => this.shown(field) === value);
  }

  text(field: string): Y.Text {
    return this.doc.getText(`text:${field}`);
  }
}

export interface ProviderOptions {
  /** `ws://host:port`. */
  readonly url: string;
  readonly entity: string;
  readonly id: string;
  readonly person: Pick<Person, 'token' | 'tenantId' | 'deviceId'>;
  readonly doc?: Y.Doc;
  readonly connect?: boolean;
}

/** Destroyed with the test that runs. */
export function openProvider(options: ProviderOptions): ProviderDevice {
  const device = new ProviderDevice(options);
  onTestFinished(() => device.provider.destroy());
  return device;
}
