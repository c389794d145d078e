// What the figures were measured on. No names of hosts, users or folders: results are published.
import {cpus, release, totalmem, type} from 'node:os';

export const describeMachine = (postgresVersion: string) => ({
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGB: Math.round(totalmem() / 2 ** 30),
  system: `${type()} ${release()}`,
  node: process.version,
  postgres: postgresVersion,
});
