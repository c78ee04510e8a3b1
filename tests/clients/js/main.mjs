// Asks the endpoint as the JavaScript client does by default, and with compression.
import { createRequire } from 'node:module'
const { createClient, TupleParam } = createRequire(process.argv[3] + '/')('@clickhouse/client')
const query = 'SELECT {s:String} s, {a:Array(String)} a, {m:Map(String, UInt8)} m, {t:Tuple(String, UInt8)} t'
const query_params = { s: "it's\t\\", a: ["it's", '\\'], m: { "k'": 1 }, t: new TupleParam(["a'", 2]) }
for (const packed of [false, true]) {
  const client = createClient({
    url: process.argv[2],
    compression: { response: packed, request: packed },
    clickhouse_settings: { max_execution_time: 60 },
    log: { level: 127 },
  })
  console.log((await client.ping()).success)
  const row = await client.query({ query, query_params, format: 'JSONCompactEachRow' })
  console.log(JSON.stringify(await row.json()))
  const streamed = await client.query({ query: 'SELECT number FROM numbers(20000)', format: 'JSONCompactEachRow' })
  let many = 0
  for await (const rows of streamed.stream()) many += rows.length
  console.log(many)
  const written = client.insert({ table: 'epochs', values: [{ epoch: 1 }], format: 'JSONEachRow' })
  console.log(await written.then(() => 'written', () => 'refused'))
  await client.close()
}
