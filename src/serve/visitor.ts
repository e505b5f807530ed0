import { badRequest, forbidden, unauthorized, type RequestFailure } from './failure.js';

/** Who sent a request. */
export type Visitor =
  | {
      kind: 'admin';
      /** The user that the header X-User-ID chooses; only where nobody has to log in. */
      chosenUser?: string | undefined;
    }
  /** Sees their own billing and jobs. */
  | {
      kind: 'user';
      userId: string;
      /** When the credentials expire; `undefined` where a proxy answers for the user. */
      expiresAt?: Date;
    }
  | { kind: 'nobody' };

/** Who may request a route. */
export type Access = 'anyone' | 'user' | 'admin';

/** Returns why the visitor may not request the route, or `undefined`. */
export function refusalOf(visitor: Visitor, access: Access): RequestFailure | undefined {
  if (access === 'anyone' || visitor.kind === 'admin') return undefined;
  if (visitor.kind === 'nobody') return unauthorized('credentials are missing');
  return access === 'user' ? undefined : forbidden('this is for administrators');
}

/** Returns the user whose data are requested. Throws 400 if nobody is named, 403 for another user. */
export function requestedUser(visitor: Visitor, named: string | undefined): string {
  const user = requestedUserIfAny(visitor, named);
  if (user === undefined) throw badRequest('user_id is missing');
  return user;
}

/** As `requestedUser`; `undefined` if an administrator names nobody, which means all users. */
export function requestedUserIfAny(
  visitor: Visitor,
  named: string | undefined,
): string | undefined {
  if (visitor.kind === 'admin') return named ?? visitor.chosenUser;
  if (visitor.kind === 'nobody') throw unauthorized('credentials are missing');
  if (named === undefined || named === visitor.userId) return visitor.userId;
  throw forbidden('this is the data of another user');
}

/** Whether the visitor may see what belongs to the user; `null`: to nobody that is known. */
export function maySee(visitor: Visitor, owner: string | null): boolean {
  return visitor.kind === 'admin' || (visitor.kind === 'user' && visitor.userId === owner);
}
