// How far the deliveries of a command are, until all of them are done or nobody looks any more.
import { explain } from "./decoder.js";
import { make, write } from "./dom.js";
import { ask } from "./server.js";
import { many } from "./words.js";

const LISTED = 100;
const PAUSE_MS = 1500;
const STATES = [
  ["acknowledged", "DELIVERY_STATE_ACKNOWLEDGED"],
  ["sent", "DELIVERY_STATE_SENT"],
  ["pending", "DELIVERY_STATE_PENDING"],
  ["given up", "DELIVERY_STATE_GIVEN_UP"],
];
const COUNTS = ["acknowledged", "sent", "pending", "givenUp"];
const nameOf = (state) => STATES.find(([, value]) => value === state)?.[0] ?? "?";

function listed(deliveries, receivers) {
  const items = deliveries.map(({ name, state }) =>
    make("li", nameOf(state).replace(" ", "-"), name, make("span", "", ` ${nameOf(state)}`)));
  if (receivers > deliveries.length) items.push(make("li", "", `and ${receivers - deliveries.length} more`));
  return items;
}

// Shows the command in `cell`; returns what ends that.
export function delivery(cell, command) {
  const counts = make("p", "counts", "…");
  const list = make("ul", "deliveries");
  const { id, epoch, senderRank } = command;
  const about = make("p", "quiet", `Command ${id}, epoch ${epoch}, sender's rank ${senderRank}. `);
  const decode = make("button", "open", "Explain this ID");
  decode.type = "button";
  decode.addEventListener("click", () => explain(command.id));
  about.append(decode);
  cell.append(about, counts, list);

  let timer = null;
  let isOver = false;
  async function look() {
    const path = `/v1/groups/${encodeURIComponent(command.group)}/commands/${command.id}?maxDeliveries=${LISTED}`;
    try {
      const told = await ask(path);
      write(counts, command.receivers === 0 ? "It went to nobody: no member ranked below the sender."
        : `Of ${many(command.receivers, "delivery", "deliveries")}: ` +
          STATES.map(([name], index) => `${told[COUNTS[index]]} ${name}`).join(", "));
      list.replaceChildren(...listed(told.deliveries, command.receivers));
      isOver ||= told.pending + told.sent === 0;
    } catch (error) {
      write(counts, error.message);
      isOver ||= error.status === 404;
    }
    if (!isOver) timer = setTimeout(look, PAUSE_MS);
  }
  look();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
