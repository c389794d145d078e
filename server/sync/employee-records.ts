// The `employees` record of somebody who accepts an invitation: made and marked through the lane, as the server's
// own writes, since its owner is no member yet.
import type {ServerChange} from '#crdt/change.ts';
import {employees} from '#crdt/entities/employees.ts';
import {parseFieldValue} from '#crdt/entities/fields.ts';
import type {JsonValue} from '#crdt/json.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {ActivationDeps, EmployeeChange} from './activation.ts';
import {derivedUuid} from './devices.ts';
import {writeAsServer} from './server-write.ts';
import type {Service} from './service.ts';

type EmployeeRecords = Pick<ActivationDeps, 'createEmployeeRecord' | 'setEmployeeUser'>;

const NAME_WITHOUT_ONE = 'New employee';

export function createEmployeeRecords(deps: Pick<Service, 'lanes' | 'now'>): EmployeeRecords {
  const write = async (
    {tenantId, employeeId, userId, deviceId, by = userId}: EmployeeChange,
    {fields, creates, changeId}: Pick<ServerChange, 'fields' | 'creates'> & {changeId: string | null},
  ): Promise<void> => {
    const receipt = await writeAsServer(
      deps,
      {tenantId, userId: by, deviceId, changeId},
      {entity: 'employees', id: employeeId, fields, creates},
    );
    if (receipt.kind === 'rejected') throw new SyncError('internal', {message: receipt.error.message});
  };
  return {
    createEmployeeRecord: (change) =>
      write(change, {
        creates: true,
        // Named, so that a repeat does not overwrite what has become of the record.
        changeId: derivedUuid('employee record', change.tenantId, change.employeeId),
        fields: {
          displayName: fitting('displayName', change.displayName) ?? NAME_WITHOUT_ONE,
          ...(change.email === null ? {} : {email: fitting('email', change.email)}),
        },
      }),
    setEmployeeUser: (change) =>
      write(change, {creates: false, changeId: null, fields: {userId: change.userId}}),
  };
}

/** What a token says may not fit a field; then the field stays empty rather than the person outside. */
function fitting(name: 'displayName' | 'email', value: string): JsonValue {
  const field = employees.fields[name];
  const parsed = field === undefined ? undefined : parseFieldValue(field, value);
  return parsed?.ok === true ? parsed.value : null;
}
