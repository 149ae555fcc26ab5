import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Metrics } from './metrics.ts'

const headerBytesMax = 8192
const requestMsMax = 5000

/** Serves GET /metrics in Prometheus' text format. */
export class MetricsEndpoint {
  readonly #server: Server

  constructor(metrics: Metrics) {
    this.#server = createServer(
      { maxHeaderSize: headerBytesMax, requestTimeout: requestMsMax },
      (request, response) => {
        if (request.method !== 'GET' || request.url !== '/metrics') {
          response.writeHead(404, { 'content-type': 'text/plain' }).end('GET /metrics\n')
          return
        }
        metrics.text().then(
          (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
          () => response.writeHead(500).end(),
        )
      },
    )
  }

  /** Resolves to the port; `port` 0 picks a free one. */
  async listen(address: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, address, resolve)
    })
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}
