// Changes that were kept because their record had left their author's scope; managers only.
import {z} from 'zod';
import {recordId} from '#crdt/protocol/ids.ts';
import {
  applyResponse,
  discardRequest,
  keptChange,
  quarantineQuery,
  quarantineResponse,
} from '#crdt/protocol/quarantine.ts';
import {applyKept, discardKept, listKept, readKept} from '../sync/quarantine.ts';
import {memberRoute, type RouteDeps} from './route.ts';

const params = z.object({id: recordId});

export function mountQuarantine(deps: RouteDeps): void {
  const {service} = deps;
  memberRoute(
    deps,
    {
      method: 'get',
      path: '/v1/quarantine',
      summary: "Changes that came for records outside their author's scope, in the order in which they came.",
      query: quarantineQuery,
      answer: quarantineResponse,
      description: 'Each with the values it wrote beside those that the record has now.',
      errors: ['forbidden', 'bad_cursor'],
    },
    (member, {query}) => listKept(service, member, query),
  );
  memberRoute(
    deps,
    {
      method: 'get',
      path: '/v1/quarantine/{id}',
      summary: 'One of them.',
      params,
      answer: keptChange,
      errors: ['forbidden', 'not_found'],
    },
    (member, {params: {id}}) => readKept(service, member, id),
  );
  memberRoute(
    deps,
    {
      method: 'post',
      path: '/v1/quarantine/{id}/apply',
      summary: "Lets a kept change in as its author's.",
      params,
      answer: applyResponse,
      description:
        'It is merged by the clock it came with: newer values win over it, and what overwrites what is recorded as ' +
        "a conflict. An employee's rules for fields hold. It is let in whole or not at all; one that is refused still waits.",
      errors: [
        'forbidden',
        'not_found',
        'already_decided',
        'not_mergeable',
        'forbidden_field',
        'invalid_value',
        'frozen',
        'text_base_stale',
        'overloaded',
      ],
    },
    (member, {params: {id}}) => applyKept(service, member, id),
  );
  memberRoute(
    deps,
    {
      method: 'post',
      path: '/v1/quarantine/{id}/discard',
      summary: 'Leaves the record as it is.',
      params,
      body: discardRequest,
      answer: keptChange,
      description: `It stays in the list as discarded for a while, and its author's device is not told.`,
      errors: ['forbidden', 'not_found', 'already_decided'],
    },
    (member, {params: {id}, body}) => discardKept(service, member, {id, request: body}),
  );
}
