// One stretch of the kill test: a tenant of its own, and the process whose devices write to it.
import {fork, type ChildProcess} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import {openDevelopmentIssuer} from '#server/auth/development-issuer.ts';
import type {Access} from './kill-check.ts';
import type {KillWrite, LoadAnswer, LoadCommand, LoadTask} from './kill-journal.ts';

const loadFile = fileURLToPath(new URL('kill-load.ts', import.meta.url));
const SHARED_RECORDS = 12;

/** The load process, asked and told. */
export interface Load {
  tell(command: LoadCommand): void;
  pause(): Promise<void>;
  report(): Promise<LoadReport>;
  end(): void;
}

export interface LoadReport {
  readonly writes: readonly KillWrite[];
  readonly resent: number;
  readonly interruptionsMs: readonly number[];
}

/** onFailed: told of what a device met that sending again does not cure. */
export function startLoad(task: LoadTask, onFailed: (message: string) => void): Load {
  const child: ChildProcess = fork(loadFile, [JSON.stringify(task)], {
    execArgv: ['--import', './load-typescript.js'],
  });
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('exit', () => process.off('exit', endWithUs));
  child.on('message', (message: LoadAnswer) => {
    if (message.kind === 'failed') onFailed(message.message);
  });
  const tell = (command: LoadCommand): void => void child.send(command);
  const answered = async <K extends LoadAnswer['kind']>(kind: K): Promise<Extract<LoadAnswer, {kind: K}>> => {
    for (;;) {
      const [message] = (await once(child, 'message')) as [LoadAnswer];
      if (message.kind === kind) return message as Extract<LoadAnswer, {kind: K}>;
    }
  };
  return {
    tell,
    async pause() {
      const paused = answered('paused');
      tell({kind: 'pause'});
      await paused;
    },
    report() {
      const reported = answered('report');
      tell({kind: 'report'});
      return reported;
    },
    end: () => child.disconnect(),
  };
}

/** A manager's token and tenant, and the records that all devices write to. */
export async function prepareTenant(
  url: string,
  dataDir: string,
): Promise<{access: Access; shared: string[]}> {
  const issuer = await openDevelopmentIssuer({dataDir, now: Date.now});
  const token = await issuer.issue({subject: 'kill_test', email: 'kill@example.com', name: 'Kill Test'});
  const post = async (path: string, body: object, headers: Record<string, string> = {}): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: {authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers},
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${await response.text()}`);
    return response.json();
  };
  const {id: tenantId} = (await post('/v1/tenants', {name: 'Kill test'})) as {id: string};
  const shared = Array.from({length: SHARED_RECORDS}, () => randomUUID());
  const changes = shared.map((entityId) => ({
    op: 'upsert',
    entity: 'tasks',
    entityId,
    clientUpdatedAt: new Date(0).toISOString(),
    payload: {title: 'Shared'},
  }));
  await post('/v1/sync/push', {deviceId: randomUUID(), changes}, {'x-tenant-id': tenantId});
  return {access: {url, token, tenantId}, shared};
}
