// What the use cases about invitations ask of whoever mails them. The code of an invitation works whether or not it
// was mailed, so nothing here may fail or hold up a use case.
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {DeliveryFailure} from '#crdt/protocol/tenants.ts';

export interface OutgoingInvitation {
  readonly tenantId: TenantId;
  readonly invitationId: string;
  readonly email: string;
  /** Until it expires, from now. */
  readonly days: number;
}

export type Sent =
  | {
      readonly ok: true;
      /** The sender's own name of the invitation. */
      readonly id: string;
    }
  | {readonly ok: false; readonly failure: DeliveryFailure};

export interface InvitationSender {
  /**
   * Answers within a few seconds and never rejects. onLate: told of an invitation that went out after it had been
   * answered that it did not.
   */
  send(invitation: OutgoingInvitation, onLate: (id: string) => void): Promise<Sent>;
  /** True: the link in the mail leads nowhere from now on. Never rejects. */
  withdraw(id: string): Promise<boolean>;
}
