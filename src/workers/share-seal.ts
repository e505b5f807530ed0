import { MangamotionError } from '../errors.js';
import { type Vault, hostSecretOf } from '../repository/encryption/vault.js';
import { TextSeal } from '../repository/runs/text-seal.js';

/**
 * Resolves to what hides the options and answers of shares from the engine: of an encrypted backup, nobody
 * else may read the keys of objects. Rejects with `access_denied` if this host has no host key for that.
 */
export async function sealOfShares(
  vault: Vault,
  isEncrypted: boolean,
  token: string,
): Promise<TextSeal> {
  if (!isEncrypted) return new TextSeal(undefined);
  const secret = await hostSecretOf(vault, `shares of ${token}`);
  if (secret !== undefined) return new TextSeal(secret);
  throw new MangamotionError(
    'access_denied',
    'the workers on an encrypted backup need a host key, by which nobody else reads what they tell',
    {
      hint:
        'Make one with "mangamotion key new --host", and copy its file to each worker; or use ' +
        '--shard i/n on each machine, which needs none.',
    },
  );
}
