// The peers by name.
import {fieldmerge} from './fieldmerge.ts';
import {floorPg, floorWs} from './floor.ts';
import {hocuspocus} from './hocuspocus.ts';
import type {Peer, PeerName} from './peer.ts';

const peers: Readonly<Record<PeerName, Peer>> = {
  fieldmerge,
  'floor-ws': floorWs,
  'floor-pg': floorPg,
  hocuspocus,
};

export const peerOf = (name: PeerName): Peer => peers[name];
