import * as v from 'valibot';

export const sessionDocument = v.strictObject({
  kind: v.picklist(['admin', 'user', 'nobody']),
  user_id: v.nullable(v.string()),
  /** `none`: nobody has to log in. `proxy`: a proxy in front logs people in. */
  auth: v.picklist(['none', 'token', 'proxy']),
  version: v.string(),
});
