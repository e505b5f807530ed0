import { MangamotionError, messageOf } from '../../errors.js';
import { errnoOf } from '../../files/errors.js';
import type { ListenAddress } from './listen.js';
import { listenText } from './listen.js';

/** Returns the error for users if it is not possible to listen at the address. */
export function cannotListen(address: ListenAddress, error: unknown): MangamotionError {
  const { why, hint } = reasonOf(error);
  const message = `cannot listen on ${listenText(address)}: ${why}`;
  return new MangamotionError('usage', message, { hint, cause: error });
}

function reasonOf(error: unknown): { why: string; hint: string } {
  switch (errnoOf(error) ?? '') {
    case 'EADDRINUSE':
      return {
        why: 'another process already listens there',
        hint: 'choose another port, or stop the process that has this one: `ss -ltnp` shows it',
      };
    case 'EACCES':
      return { why: 'permission denied', hint: 'choose a port of 1024 or above' };
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        why: 'this machine has no such address',
        hint: 'choose one that it has, or give only a colon and a port to listen on all of them',
      };
    default:
      return { why: messageOf(error), hint: 'name another address' };
  }
}
