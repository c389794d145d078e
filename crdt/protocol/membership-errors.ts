// Codes about joining a tenant, about who must stay in it, and about sign-ins that the issuer ended. Part of the catalogue in error-code.ts.
import {entry} from './error-entry.ts';

export const membershipErrors = {
  last_manager: entry({
    status: 409,
    retryable: false,
    log: 'info',
    cause: 'The tenant would be left without a manager.',
    cure: 'Make somebody else a manager first.',
  }),
  invitation_expired: entry({
    status: 409,
    retryable: false,
    log: 'info',
    cause: 'The invitation has expired.',
    cure: 'Ask a manager to send it again.',
  }),
  invitation_revoked: entry({
    status: 409,
    retryable: false,
    log: 'info',
    cause: 'The invitation was withdrawn.',
    cure: 'Ask a manager for a new one.',
  }),
  invitation_used: entry({
    status: 409,
    retryable: false,
    log: 'info',
    cause: 'The invitation has been accepted already.',
    cure: 'Ask a manager for one of your own.',
  }),
  employee_taken: entry({
    status: 409,
    retryable: false,
    log: 'info',
    cause: 'Another member works as this employee.',
    cure: 'Ask a manager for a new invitation.',
  }),
  session_revoked: entry({
    status: 401,
    close: 4402,
    retryable: false,
    log: 'info',
    cause: 'The sign-in was ended, or the account deleted.',
    cure: 'Sign in again.',
  }),
  bad_signature: entry({
    status: 401,
    retryable: false,
    log: 'warn',
    cause:
      'The webhook is not signed with the secret configured here, or its time is off by more than 5 minutes.',
    cure: 'Compare the signing secret of the endpoint and the clocks.',
  }),
} as const;
