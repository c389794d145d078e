// Devices: seeing where one is signed in, and signing a device out.
import {z} from 'zod';
import {device, devicesQuery, devicesResponse} from '#crdt/protocol/devices.ts';
import {deviceId} from '#crdt/protocol/ids.ts';
import {listDevices, revokeDevice} from '../sync/device-list.ts';
import {memberRoute, type RouteDeps} from './route.ts';
import {createActivationDeps} from './tenants.ts';

export function mountDevices(deps: RouteDeps): void {
  const {service} = deps;
  const changeDeps = createActivationDeps(service);
  memberRoute(
    deps,
    {
      method: 'get',
      path: '/v1/devices',
      summary: "One's own devices in this tenant; a manager may list everybody's.",
      query: devicesQuery,
      answer: devicesResponse,
      errors: ['forbidden', 'bad_cursor'],
    },
    (member, {query}) => listDevices(service, member, query),
  );
  memberRoute(
    deps,
    {
      method: 'delete',
      path: '/v1/devices/{id}',
      summary: "Revokes a device: one's own, or for managers any. It is refused from then on.",
      params: z.object({id: deviceId}),
      answer: device,
      errors: ['forbidden'],
    },
    (member, {params}) => revokeDevice(changeDeps, member, params.id),
  );
}
