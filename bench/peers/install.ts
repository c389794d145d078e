// Peers from npm live in a folder with a lockfile of its own, installed when first asked for, so that whoever
// only uses the product never downloads them.
import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {isHocuspocusInstalled, packagesFolder} from './hocuspocus.ts';
import type {PeerName} from './peer.ts';

/** Rejects with npm's words if it fails. */
export async function installPeers(
  names: readonly PeerName[],
  onProgress: (message: string) => void,
): Promise<void> {
  if (!names.includes('hocuspocus') || isHocuspocusInstalled()) return;
  onProgress('installing hocuspocus (npm ci, once)');
  await promisify(execFile)('npm', ['ci', '--prefix', packagesFolder]);
  if (!isHocuspocusInstalled()) throw new Error(`npm ci left no working Hocuspocus in ${packagesFolder}`);
}
