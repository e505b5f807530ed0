import { SignJWT } from 'jose';

/** What signs the tokens of these tests; see `JWT_SECRET`. */
export const JWT_SECRET = 'k'.repeat(40);
/** See `SERVE_ADMIN_TOKEN`. */
export const ADMIN_TOKEN = 'a-token-of-forty-eight-bytes-that-nobody-guesses';

/** An access token of the user, as the backend issues it. */
export async function accessToken(
  userId: string,
  expiresAt: Date = new Date(Date.now() + 3_600_000),
): Promise<string> {
  const token = new SignJWT({ type: 'access', userId }).setProtectedHeader({ alg: 'HS256' });
  return await token.setExpirationTime(expiresAt).sign(new TextEncoder().encode(JWT_SECRET));
}
