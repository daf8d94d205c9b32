// The SMSC of the tests, on npm's `smpp`: says what it hears on stdout and does what it is told on stdin, a JSON a line.
'use strict';
const path = require('path');
const readline = require('readline');
const smpp = require(path.join(process.argv[2], 'smpp'));

const ACCOUNT = { system_id: 'borderln', password: 'secret' };
let behaviour = { mode: 'ok', times: null };
let serial = 0;
const bound = new Set();

const say = (event, fields) => process.stdout.write(JSON.stringify({ event, ...fields }) + '\n');

const text = (value) => {
  if (value === undefined || value === null) return null;
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  return typeof value === 'object' ? value.message : value;
};

function next() {
  const mode = behaviour.mode;
  if (behaviour.times !== null && --behaviour.times <= 0) behaviour = { mode: 'ok', times: null };
  return mode;
}

function onSubmit(session, pdu) {
  const id = 'id-' + ++serial;
  const mode = behaviour.mode === 'ok' ? 'ok' : next();
  say('submit', {
    id, mode,
    text: text(pdu.short_message) || text(pdu.message_payload),
    payload: text(pdu.short_message) ? false : pdu.message_payload !== undefined,
    udh: pdu.short_message && pdu.short_message.udh ? pdu.short_message.udh.map((b) => b.toString('hex')) : null,
    data_coding: pdu.data_coding, esm_class: pdu.esm_class,
    from: pdu.source_addr, from_ton: pdu.source_addr_ton, from_npi: pdu.source_addr_npi,
    to: pdu.destination_addr, to_ton: pdu.dest_addr_ton, to_npi: pdu.dest_addr_npi,
    validity: pdu.validity_period, registered: pdu.registered_delivery, reference: pdu.user_message_reference,
  });
  if (mode === 'hang') return;
  if (mode === 'die') return session.destroy();
  if (mode === 'late') return setTimeout(() => session.send(pdu.response({ message_id: id })), 1500);
  if (mode === 'late_refusal') return setTimeout(() => session.send(pdu.response({ command_status: 8 })), 1500);
  if (mode === 'ok') return session.send(pdu.response({ message_id: id }));
  return session.send(pdu.response({ command_status: Number(mode) }));
}

function onBind(session, pdu) {
  const known = pdu.system_id === ACCOUNT.system_id && pdu.password === ACCOUNT.password;
  const refused = behaviour.mode === 'refuse_bind' || !known;
  say('bind', { command: pdu.command, system_id: pdu.system_id, system_type: pdu.system_type, refused });
  if (refused) {
    session.send(pdu.response({ command_status: known ? smpp.ESME_RBINDFAIL : smpp.ESME_RINVPASWD }));
    return session.close();
  }
  if (behaviour.mode === 'hang_bind') return undefined;
  if (pdu.command !== 'bind_transmitter') bound.add(session);
  return session.send(pdu.response({ system_id: 'FOREIGN' }));
}

const server = smpp.createServer((session) => {
  for (const kind of ['bind_transmitter', 'bind_receiver', 'bind_transceiver']) {
    session.on(kind, (pdu) => onBind(session, pdu));
  }
  session.on('submit_sm', (pdu) => onSubmit(session, pdu));
  session.on('enquire_link', (pdu) => {
    say('enquire_link', {});
    if (behaviour.mode !== 'deaf') session.send(pdu.response());
  });
  session.on('unbind', (pdu) => { say('unbind', {}); session.send(pdu.response()); session.close(); });
  session.on('close', () => { bound.delete(session); say('closed', {}); });
  session.on('error', () => session.destroy());
});

const deliver = (about, pdu) => {
  const session = bound.values().next().value;
  if (!session) return say('delivered', { about, status: null });
  return session.deliver_sm(pdu, (answer) => say('delivered', { about, status: answer.command_status }));
};

const commands = {
  behave: ({ mode, times = null }) => { behaviour = { mode, times }; },
  text: ({ about, from, to, message: said, hex, coding, udh, tlvs = {} }) => deliver(about, {
    source_addr: from, source_addr_ton: 1, source_addr_npi: 1, destination_addr: to, data_coding: coding,
    esm_class: udh ? 0x40 : 0,
    short_message: { udh: udh && Buffer.from(udh, 'hex'), message: hex ? Buffer.from(hex, 'hex') : said }, ...tlvs,
  }),
  receipt: ({ about, from, to, message, tlvs = {} }) => deliver(about, {
    source_addr: from, source_addr_ton: 1, source_addr_npi: 1, destination_addr: to, esm_class: 4,
    short_message: message, ...tlvs,
  }),
  drop: () => server.sessions.slice().forEach((session) => session.destroy()),
};

readline.createInterface({ input: process.stdin })
  .on('line', (line) => { const told = JSON.parse(line); commands[told.do](told); say('did', { what: told.do }); })
  .on('close', () => process.exit(0));
server.listen(Number(process.argv[3] || 0), '127.0.0.1', () => say('listening', { port: server.address().port }));
