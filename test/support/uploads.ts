// Attachments as a device brings them: announced, uploaded to where it is told, completed. Over either store.
import {randomBytes, randomUUID} from 'node:crypto';
import {nameOfKey} from '#server/files/file-store.ts';
import type {Answer, Person, World} from './world.ts';

export interface Upload {
  readonly id: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Completed {
  readonly status: string;
  readonly code: string;
  readonly key: string | null;
  readonly fields: Readonly<Record<string, string>>;
}

export interface Uploads {
  /** A photo of a record, with whatever is given instead. */
  readonly announce: <Body = Upload>(who: Person, terms: object) => Promise<Answer<Body>>;
  /** The bucket is a server of its own; the disk store is part of the app. */
  readonly send: (url: string, init?: RequestInit) => Promise<Response>;
  /** Status of the upload. */
  readonly put: (upload: Pick<Upload, 'url' | 'headers'>, body?: Buffer) => Promise<number>;
  readonly complete: (who: Person, id: string) => Promise<Answer<Completed>>;
  /** All of it; the id. */
  readonly upload: (who: Person, terms: object) => Promise<string>;
  /** Every file there is, as `waiting/...` or `kept/...`. */
  readonly stored: () => Promise<string[]>;
}

export const png = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), randomBytes(300)]);

export function openUploads(world: World): Uploads {
  const announce: Uploads['announce'] = <Body>(who: Person, terms: object) =>
    who.post<Body>('/v1/attachments/presign', {
      id: randomUUID(),
      kind: 'photo',
      fileName: 'pump.png',
      mimeType: 'image/png',
      sizeBytes: png.length,
      ...terms,
    });
  const send: Uploads['send'] = (url, init = {}) =>
    new URL(url).hostname === 'test'
      ? Promise.resolve(world.app.fetch(new Request(url, init), '192.0.2.9'))
      : fetch(url, init);
  const put: Uploads['put'] = async ({url, headers}, body = png) =>
    (await send(url, {method: 'PUT', headers, body: new Uint8Array(body)})).status;
  const complete: Uploads['complete'] = (who, id) => who.post('/v1/attachments/complete', {id});
  return {
    announce,
    send,
    put,
    complete,
    async upload(who, terms) {
      const {body} = await announce(who, terms);
      const status = await put(body);
      const completed = await complete(who, body.id);
      if (status !== 200 || completed.body.status !== 'uploaded')
        throw new Error(`The upload failed: ${status} ${JSON.stringify(completed.body)}`);
      return body.id;
    },
    async stored() {
      const names: string[] = [];
      for (const place of ['waiting', 'kept'] as const)
        for await (const {key} of world.service.files.list(place)) names.push(`${place}/${nameOfKey(key)}`);
      return names.toSorted();
    },
  };
}
