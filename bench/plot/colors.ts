// One colour per peer in all plots, told apart by those who do not tell red from green (after Okabe and Ito).
import type {PeerName} from '../peers/peer.ts';

export const colors: Readonly<Record<PeerName, string>> = {
  fieldmerge: '#0072b2',
  'floor-ws': '#999999',
  'floor-uws': '#555555',
  'floor-pg': '#e69f00',
  'floor-merge': '#f0e442',
  hocuspocus: '#d55e00',
  'y-websocket': '#cc79a7',
  pouchdb: '#009e73',
};
