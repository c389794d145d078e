// The ciphers of tenants, opened on first use and kept while they are used. server/main.ts makes one per process.
import type pg from 'pg';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {Keyring, TenantCipher} from './cipher.ts';
import {readTenantKey} from './tenants.ts';
import {withTenant} from './transaction.ts';

/** Open ciphers kept per process; the one unused longest leaves first. */
const CIPHERS_MAX = 10_000;

export interface TenantKeys {
  /** Throws SyncError `internal` if the tenant does not exist, or no master key here opens its key. */
  cipherOf(tenantId: TenantId): Promise<TenantCipher>;
  /** After a tenant's key has changed, or the tenant has been deleted. */
  forget(tenantId: TenantId): void;
}

export function createTenantKeys({
  pool,
  keyring,
  ciphersMax = CIPHERS_MAX,
}: {
  pool: pg.Pool;
  keyring: Keyring;
  ciphersMax?: number;
}): TenantKeys {
  const ciphers = new Map<TenantId, Promise<TenantCipher>>();

  const load = async (tenantId: TenantId): Promise<TenantCipher> => {
    const wrapped = await withTenant(pool, tenantId, (client) => readTenantKey(client, tenantId));
    if (wrapped === undefined) throw new SyncError('internal', {message: 'The tenant has no key.'});
    return keyring.openTenantKey(tenantId, wrapped);
  };

  return {
    async cipherOf(tenantId) {
      const cipher = ciphers.get(tenantId) ?? load(tenantId);
      // Set anew, since a map keeps the order of insertion: the first key is the one unused longest.
      ciphers.delete(tenantId);
      ciphers.set(tenantId, cipher);
      const oldest = ciphers.keys().next();
      if (ciphers.size > ciphersMax && !oldest.done) ciphers.delete(oldest.value);
      try {
        return await cipher;
      } catch (error) {
        if (ciphers.get(tenantId) === cipher) ciphers.delete(tenantId);
        throw error;
      }
    },
    forget: (tenantId) => void ciphers.delete(tenantId),
  };
}
