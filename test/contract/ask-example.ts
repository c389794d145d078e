// Sends an example to a server, in the name of whom it is for.
import type {Answer, World} from '../support/world.ts';
import type {Example} from './example.ts';
import {toActual} from './normal-form.ts';
import {deliver, report} from './signed.ts';
import type {Stage} from './stage.ts';

/** operation: as `PATCH /v1/tasks/{id}`. */
export async function askExample(
  world: World,
  {stage, operation, example}: {stage: Stage; operation: string; example: Example},
): Promise<Answer> {
  const [method = '', template = ''] = operation.split(' ');
  const {params = {}, query = {}, headers = {}, body} = toActual(example, stage);
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '');
  const search = new URLSearchParams(query).toString();
  const target = search === '' ? path : `${path}?${search}`;
  const asker = example.as ?? 'maria';
  if (asker === 'clerk') return deliver(world, {path, body});
  if (asker === 'meta' || asker === 'twilio') return report(world, {asker, method, target, body});
  if (asker === 'anybody') return world.ask(target, {method, headers});
  return stage[asker].send(method, target, body, {...headers, ...deviceOf(body)});
}

/** A push names the device in its body, which the header may only repeat. */
const deviceOf = (body: unknown): Record<string, string> => {
  const deviceId = (body as {deviceId?: string} | undefined)?.deviceId;
  return deviceId === undefined ? {} : {'x-device-id': deviceId};
};
