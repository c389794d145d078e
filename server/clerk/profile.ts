// A user as Clerk's API and webhooks write them, as far as it matters here.
import {z} from 'zod';
import type {UserProfile} from '../sync/users.ts';

export const clerkUser = z.object({
  id: z.string().min(1).max(320),
  first_name: z.string().nullish(),
  last_name: z.string().nullish(),
  primary_email_address_id: z.string().nullish(),
  email_addresses: z
    .array(
      z.object({
        id: z.string(),
        email_address: z.string(),
        verification: z.object({status: z.string()}).nullish(),
      }),
    )
    .default([]),
  /** ms since epoch. */
  updated_at: z.int().nonnegative().optional(),
});
export type ClerkUser = z.output<typeof clerkUser>;

/** The primary address only: others are not what the person chose to be known by. */
export function profileOf(user: ClerkUser): UserProfile {
  const {primary_email_address_id: primary, email_addresses: addresses} = user;
  const address = addresses.find(({id}) => id === primary);
  const name = [user.first_name, user.last_name].filter((part) => (part ?? '') !== '').join(' ');
  return {
    ...(address === undefined ? {} : {email: address.email_address}),
    emailVerified: address?.verification?.status === 'verified',
    ...(name === '' ? {} : {name}),
  };
}
