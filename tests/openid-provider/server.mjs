// A certified OpenID provider for the tests: `node server.mjs SETTINGS`, a JSON file that says how it is reached and who the
// client is. Whom it knows stands in another file, which is read again each time: that is how people lose their groups.

import { readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const issuer = `https://localhost:${settings.port}`;
const people = () => JSON.parse(readFileSync(settings.people, 'utf8'));

const key = async (algorithm) => {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: algorithm, use: 'sig', kid: algorithm };
};

const provider = new Provider(issuer, {
  clients: [{
    client_id: settings.client_id,
    client_secret: settings.client_secret,
    redirect_uris: [settings.redirect_url],
    response_types: ['code'],
    grant_types: ['authorization_code'],
  }],
  jwks: { keys: [await key('RS256'), await key('ES256')] },
  cookies: { keys: ['for a test alone'] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  scopes: ['openid', 'profile', 'email', 'groups'],
  claims: {
    openid: ['sub'],
    profile: ['name', 'preferred_username', 'amr'],
    email: ['email', 'email_verified'],
    groups: ['groups', 'realm'],
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 600, Grant: 600 },
  async findAccount(_, name) {
    const claims = people().people[name];
    return claims && { accountId: name, claims: async () => ({ sub: name, ...claims }) };
  },
  // Nobody is asked what they consent to.
  async loadExistingGrant({ oidc }) {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope('openid profile email groups');
    await grant.save();
    return grant;
  },
});

const form = (uid) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Corp</title>
<style>body { font: 16px sans-serif; display: grid; place-items: center; min-height: 90vh } form { display: grid; gap: 1em }</style>
<form method="post" action="/interaction/${uid}"><h1>Corp</h1><label>Name <input id="name" name="name" autofocus></label>
<button id="go">Sign in</button></form></html>`;

async function interaction(request, response) {
  const { automatic, refuses } = people();
  const { uid } = await provider.interactionDetails(request, response);
  let name = automatic;
  if (request.method === 'POST') {
    let body = '';
    for await (const piece of request) body += piece;
    name = new URLSearchParams(body).get('name');
  }
  if (refuses) {
    const error = { error: 'access_denied', error_description: refuses };
    return provider.interactionFinished(request, response, error, { mergeWithLastSubmission: false });
  }
  if (!name || !people().people[name]) {
    response.setHeader('content-type', 'text/html');
    return response.end(form(uid));
  }
  return provider.interactionFinished(request, response, { login: { accountId: name } });
}

const answer = provider.callback();
const tls = { key: readFileSync(settings.key), cert: readFileSync(settings.certificate) };
https.createServer(tls, (request, response) => {
  if (!request.url.startsWith('/interaction/')) return answer(request, response);
  interaction(request, response).catch((error) => {
    console.error(error);
    response.statusCode = 500;
    response.end(String(error));
  });
}).listen(settings.port, '127.0.0.1', () => writeFileSync(settings.ready, issuer));
