// The peers by name.
import {fieldmerge} from './fieldmerge.ts';
import {floorMerge, floorPg, floorUws, floorWs} from './floor.ts';
import {hocuspocus} from './hocuspocus.ts';
import type {Peer, PeerName} from './peer.ts';
import {pouchdb} from './pouchdb.ts';
import {yWebsocket} from './y-websocket.ts';

const peers: Readonly<Record<PeerName, Peer>> = {
  fieldmerge,
  'floor-ws': floorWs,
  'floor-uws': floorUws,
  'floor-pg': floorPg,
  'floor-merge': floorMerge,
  hocuspocus,
  'y-websocket': yWebsocket,
  pouchdb,
};

export const peerOf = (name: PeerName): Peer => peers[name];
