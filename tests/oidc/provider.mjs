// A certified OpenID Connect provider on a loopback port, with one client and some staff; for tests alone.
// Its settings come as JSON in the first argument; when it listens it prints {"issuer": …} and runs until its input ends.

import { createHash, generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

// The package belongs to the front end's: there is one lock file.
const web = createRequire(new URL('../../web/package.json', import.meta.url))
const { Provider } = await import(pathToFileURL(web.resolve('oidc-provider')))

const { clientId, clientSecret, redirectUris, users, authMethod = 'client_secret_basic' } = JSON.parse(process.argv[2])

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = privateKey.export({ format: 'jwk' })
jwk.kid = createHash('sha256').update(jwk.n).digest('hex').slice(0, 16)

const server = createServer()
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
const issuer = `http://127.0.0.1:${server.address().port}`
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: redirectUris,
      response_types: ['code'],
      grant_types: ['authorization_code'],
      token_endpoint_auth_method: authMethod,
    },
  ],
  claims: { openid: ['sub'], profile: ['name', 'staffNumber', 'roles'] },
  conformIdTokenClaims: false,
  cookies: { keys: ['only a test'] },
  findAccount: (_, id) => users[id] && { accountId: id, claims: () => ({ sub: id, ...users[id] }) },
  jwks: { keys: [{ ...jwk, use: 'sig', alg: 'RS256' }] },
  pkce: { required: () => true },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
})
server.on('request', provider.callback())
console.log(JSON.stringify({ issuer }))
process.stdin.on('end', () => process.exit(0)).resume()
