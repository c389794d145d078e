// What sends a message, whatever the way: e-mail, WhatsApp and SMS implement it, deliver.ts calls it and decides what
// an outcome means.

export interface OutgoingDocument {
  readonly bytes: Uint8Array;
  readonly fileName: string;
}

/** A message to one recipient, ready to go. */
export interface OutgoingMessage {
  readonly deliveryId: string;
  /** Address, or number in E.164. */
  readonly to: string;
  /** E-mail only. */
  readonly subject: string | null;
  readonly text: string;
  /** What the text is made of, for channels that have templates of their own. */
  readonly parts: {
    readonly language: string;
    readonly clientName: string;
    readonly number: string;
    readonly total: string;
    readonly businessName: string;
    /** To the document; no other message has the same path. */
    readonly link: string;
  };
  readonly document: OutgoingDocument;
}

export type SendOutcome =
  | {readonly kind: 'sent'; readonly providerId: string}
  /** Certainly not taken; another time it may be. */
  | {readonly kind: 'retry'; readonly code: string}
  /** Refused for good. */
  | {readonly kind: 'refused'; readonly code: string}
  /** The provider may have taken it. */
  | {readonly kind: 'unknown'; readonly code: string}
  /** Not about this message: nothing goes this way until the settings are put right. */
  | {readonly kind: 'parked'; readonly code: string};

/** `absent`: the provider does not have it. */
export type LookedUp =
  | {readonly kind: 'sent'; readonly providerId: string}
  | {readonly kind: 'absent'}
  | {readonly kind: 'retry'; readonly code: string};

export interface Channel {
  /** Never rejects. Takes SEND_TIMEOUT_MS at most for each request it makes. */
  send(message: OutgoingMessage): Promise<SendOutcome>;
  /** Present where a provider can be asked whether it has a message, and must be before it is sent once more. */
  lookUp?(message: OutgoingMessage): Promise<LookedUp>;
}

/** Milliseconds a provider is given to answer. */
export const SEND_TIMEOUT_MS = 20_000;
