import { launch, pin } from "./machine.mjs"; import { openWorkers } from "./workers.mjs"; import { startServer } from "./server.mjs"; import { openCorpora } from "./passages.mjs"; import { theirs } from "./variants.mjs";
const R="/tmp/wt/bench"; const P=R+"/benches/embed/node_modules";
pin([1]);
const server=await startServer({"/bench/":R+"/benches/embed/","/built/":R+"/target/bench/","/models/":R+"/models/","/onnx/":"/tmp/benchdev/onnx/","/onnxruntime-web/":P+"/onnxruntime-web/dist/","/transformers/":P+"/@huggingface/transformers/dist/","/transformers-onnxruntime-web/":P+"/@huggingface/transformers/node_modules/onnxruntime-web/dist/",
 ...Object.fromEntries(["plain","fused"].flatMap(g=>[[`/transformers-models/${g}/`,R+"/models/all-MiniLM-L6-v2/"],[`/transformers-models/${g}/tokenizer_config.json`,R+"/benches/embed/tokenizer_config.json"],[`/transformers-models/${g}/onnx/model_quantized.onnx`,`/tmp/benchdev/onnx/${g}-int8-per-channel.onnx`]]))});
const b=await launch(process.argv.slice(2));
const w=await openWorkers(b,server.url);
console.log(await w.peak());
const c=await openCorpora(R,R+"/models/all-MiniLM-L6-v2");
const sets={32:c.passages(32,64),128:c.passages(128,16),256:c.passages(256,8),query:c.passages(12,24)};
for (const {name,candidates} of theirs()) for (const {graph,configuration} of candidates) {
  const n=name+graph; await w.start(n,configuration);
  for (const [k,s] of Object.entries(sets)) await w.call(n,"keep",k,s);
  const out=[];
  for (const [t,count] of [[32,64],[128,16],[256,8]]) for (const batch of [1,4,8,16]) if (batch<=count) { let best=1e9; for (let i=0;i<2;i++) best=Math.min(best,(await w.call(n,"time",String(t),0,count,batch))[0]/batch); out.push(`${t}/b${batch}: ${(1000/best).toFixed(1)}`); }
  const q=await w.call(n,"time","query",0,24,1,4);
  console.log(n.padEnd(50), out.join("  "), " q", q.map(x=>x.toFixed(1)).join(" "), "mem", (await w.call(n,"memory"))/1e6);
  await w.stop(n);
}
await b.close(); server.stop();
