// What outside services are answered when they deliver an event.
import {z} from 'zod';

export const webhookAnswer = z.object({
  outcome: z
    .enum(['taken', 'repeated', 'ignored'])
    .describe('`repeated`: it was taken before. `ignored`: nothing follows from such an event.'),
});
export type WebhookOutcome = z.output<typeof webhookAnswer>['outcome'];
