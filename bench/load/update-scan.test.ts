import {describe, expect, it} from 'vitest';
import * as Y from 'yjs';
import {createHeads} from './heads.ts';
import {clientOf, editedValue, encodeEdit, fieldOfValue, editedFields, seedUpdate} from './tasks.ts';
import {scanUpdate, type ScannedStruct} from './update-scan.ts';

const loaded = (): Y.Doc => {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, seedUpdate(3));
  return doc;
};

describe('the edits of the bench', () => {
  it('are byte for byte what Yjs writes', () => {
    const doc = loaded();
    doc.clientID = clientOf(0);
    let written: Uint8Array | undefined;
    doc.on('update', (update: Uint8Array) => (written = update));
    doc.getMap('fields').set('title', [7, 'Title']);
    const replaces = createHeads(4).head(3, 'title');
    const edit = encodeEdit({id: {client: clientOf(0), clock: 0}, replaces, at: 7, value: 'Title'});
    expect([...edit]).toEqual([...(written ?? [])]);
  });

  it('are told apart by their values', () => {
    for (const field of editedFields)
      expect(fieldOfValue([1, editedValue(field, {device: 2, edit: 5})])).toBe(field);
  });

  it('replace what Yjs shows after concurrent writes in any order', () => {
    const write = (device: number) =>
      encodeEdit({
        id: {client: clientOf(device), clock: 0},
        replaces: createHeads(4).head(3, 'title'),
        at: 1,
        value: `Title ${device}`,
      });
    for (const order of [
      [0, 1, 2],
      [2, 0, 1],
      [1, 2, 0],
    ]) {
      const doc = loaded();
      const heads = createHeads(4);
      for (const device of order) {
        Y.applyUpdate(doc, write(device));
        scanUpdate(write(device), (struct) => heads.addStruct(3, struct));
      }
      const shown = doc.getMap('fields')._map.get('title')?.id;
      expect(heads.head(3, 'title')).toMatchObject({client: shown?.client, clock: shown?.clock});
    }
  });
});

describe('scanUpdate', () => {
  it('reads every struct of a document with its key, length and value', () => {
    const structs: ScannedStruct[] = [];
    scanUpdate(seedUpdate(3), (struct) => structs.push({...struct}));
    expect(structs.map(({key}) => key)).toContain('taxRateBps');
    expect(structs).toHaveLength(12);
    expect(structs[0]).toMatchObject({clock: 0, length: 1, originClient: -1, key: 'title'});
  });

  it('passes over deleted content', () => {
    const doc = loaded();
    doc.getMap('fields').set('title', [1, 'Title a']);
    doc.getMap('fields').set('title', [2, 'Title b']);
    let length = 0;
    scanUpdate(Y.encodeStateAsUpdate(doc), (struct) => (length += struct.length));
    expect(length).toBe(14);
  });
});
