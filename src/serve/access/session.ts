import { object, pipe, safeParse, string, nonEmpty, maxLength } from 'valibot';
import { jsonAnswer } from '../answer.js';
import type { ServeContext } from '../context.js';
import type { Endpoint } from '../endpoint.js';
import { badRequest } from '../failure.js';
import { readJsonBody } from '../read-body.js';
import type { Visitor } from '../visitor.js';
import { checkToken, type AccessRules } from './identify.js';
import { isSecure } from './origin.js';

const COOKIE = 'mangamotion_session';
/** A browser takes a cookie with this prefix over TLS alone, and from no other host. */
const SECURE_COOKIE = `__Host-${COOKIE}`;
const Login = object({ token: pipe(string(), nonEmpty(), maxLength(8192)) });

/** Returns the token that the browser was given at the login. */
export function sessionToken(context: ServeContext, { proxies }: AccessRules): string | undefined {
  const name = isSecure(context, proxies) ? SECURE_COOKIE : COOKIE;
  const cookies = (context.req.header('cookie') ?? '').split(';').map((text) => text.trim());
  const mine = cookies.find((text) => text.startsWith(`${name}=`));
  return mine === undefined ? undefined : decoded(mine.slice(name.length + 1));
}

/** The login, which puts the token into a cookie that no script can read, and the logout. */
export function sessionEndpoints(rules: AccessRules): Endpoint[] {
  return [
    {
      method: 'POST',
      path: '/api/login',
      respond: async (context) => {
        const read = safeParse(Login, await readJsonBody(context));
        if (!read.success) throw badRequest('the body must be {"token": "…"}');
        // A token that is copied comes with the end of its line.
        const token = read.output.token.trim();
        const visitor = await checkToken(rules, token, context.get('clientAddress'));
        context.set('visitor', visitor);
        return jsonAnswer(visitorDocument(visitor), {
          headers: { 'set-cookie': cookieText(context, rules, token) },
        });
      },
    },
    {
      method: 'POST',
      path: '/api/logout',
      respond: (context) =>
        jsonAnswer({}, { headers: { 'set-cookie': cookieText(context, rules, '') } }),
    },
  ];
}

/** What the page needs to know of its visitor. */
export function visitorDocument(visitor: Visitor) {
  const userId =
    visitor.kind === 'user'
      ? visitor.userId
      : visitor.kind === 'admin'
        ? visitor.chosenUser
        : undefined;
  return { kind: visitor.kind, user_id: userId ?? null };
}

/** An empty token removes the cookie. A token may have any character, and few may be in a cookie. */
function cookieText(context: ServeContext, { proxies }: AccessRules, token: string): string {
  const value = encodeURIComponent(token);
  const attributes = ['Path=/', 'HttpOnly', 'SameSite=Strict'];
  if (token === '') attributes.push('Max-Age=0');
  if (!isSecure(context, proxies)) return [`${COOKIE}=${value}`, ...attributes].join('; ');
  return [`${SECURE_COOKIE}=${value}`, ...attributes, 'Secure'].join('; ');
}

/** A value that this server has not written is a wrong token, as it is. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
