import { defineConfig } from 'vite'

// The server to develop against: `python -m shinsatsu demo --port 8000`.
const server = 'http://127.0.0.1:8000'

export default defineConfig({
  build: {
    outDir: '../src/shinsatsu/web',
    emptyOutDir: true,
    target: ['chrome111', 'firefox115', 'safari16'],
    // Nothing is inlined: the page's policy allows scripts, styles and pictures from its own origin only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The patient's page, and the staff console.
    rolldownOptions: { input: ['index.html', 'console.html'] },
  },
  css: { transformer: 'lightningcss' },
  server: {
    proxy: {
      '/api': { target: server, ws: true },
      '^/console([/?]|$)': { target: server, bypass: () => '/console.html' },
    },
  },
})
