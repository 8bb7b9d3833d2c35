import { chromium } from 'playwright-core';
const b=await chromium.launch({executablePath:'/usr/bin/chromium',args:['--no-sandbox','--disable-gpu']});
const [url,out,w,h,dark]=process.argv.slice(2);
const c=await b.newContext({viewport:{width:+w,height:+h},colorScheme:dark?'dark':'light',isMobile:+w<500,hasTouch:+w<500});const p=await c.newPage();
p.on('console',m=>console.log(m.type(),m.text()));p.on('pageerror',e=>console.log(String(e)));
await p.goto(url);await p.waitForSelector('[data-state=ready]',{timeout:60000});await p.waitForTimeout(300);
await p.screenshot({path:out,fullPage:true});
console.log(await p.evaluate(()=>[document.documentElement.scrollWidth,innerWidth]));
await b.close();
