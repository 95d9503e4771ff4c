// Verifies tokens with the JavaScript of docs/verify-elsewhere.md.
//
// Reads one request a line, answers each with a line: {"claims": ...} or {"refused": "..."}. A request has `token`,
// `algorithm`, `issuer`, `audience`, and either `keys`, the address of the published keys, or `secret`.

import { createInterface } from 'node:readline';

import { decrypt } from 'paseto-ts/v4';

import * as jwt from './guardhouse-jwt.mjs';
import * as paseto from './guardhouse-paseto.mjs';

async function claims({ token, algorithm, keys, secret, issuer, audience }) {
  const expected = { algorithm, issuer, audience };
  if (algorithm === 'v4.local') {
    // The library of the document knows no v4.local; this one looks at the times and leaves names to its user.
    const { payload } = decrypt(secret, token, { assertion: paseto.implicitAssertion(issuer, audience) });
    if (payload.iss !== issuer || payload.aud !== audience) throw new Error('another issuer or audience');
    return payload;
  }
  if (algorithm === 'v4.public') return paseto.verify(token, await paseto.published(keys), expected);
  const known = keys === null ? new TextEncoder().encode(secret) : jwt.published(keys);
  return jwt.verify(token, known, expected);
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { claims: await claims(JSON.parse(line)) };
  } catch (fault) {
    answer = { refused: `${fault.name} ${fault.code ?? ''}: ${fault.message}` };
  }
  console.log(JSON.stringify(answer));
}
