// What scoring.assumptions and scoring.contact_plan compute, in the browser: the same to the cent.
(() => {
  const root = document.getElementById("economics"), form = root.querySelector("form");
  const given = JSON.parse(root.querySelector("script").textContent), grid = given.grid;
  const floats = (text) => new Float64Array(Uint8Array.from(atob(text), (one) => one.charCodeAt(0)).buffer);
  const probability = floats(given.probability), value = floats(given.value);
  const assumed = Object.fromEntries(given.assumptions.map((each) => [each.name, each.assumed]));
  let state = { ...assumed };

  const costsOf = (state) => {
    const { accept_alpha: alpha, accept_beta: beta, months_kept: months } = given.costs;
    const share = state.accept / 100, sure = alpha + beta, same = state.accept === assumed.accept;
    return {
      alpha: same ? alpha : share * sure,
      beta: same ? beta : (1 - share) * sure,
      offer: state.offer,
      contact: state.contact,
      longer: months === null ? 1 : state.months / months,
    };
  };

  const ranked = (costs) => { // the contacts that pay, the most profitable first
    const rate = costs.alpha / (costs.alpha + costs.beta), found = [];
    probability.forEach((p, place) => {
      const worth = value[place] * costs.longer;
      const profit = p * (rate * (worth - costs.offer) - costs.contact) - (1 - p) * (costs.offer + costs.contact);
      const cost = costs.contact + costs.offer * (1 - p * (1 - rate));
      if (profit > 0) found.push({ p, profit, cost, net: worth - costs.offer });
    });
    return found.sort((one, other) => other.profit - one.profit);
  };

  const planOf = (costs) => { // running sums of cost and profit, and the sums of what the budget covers
    const plan = { contacts: 0, cost: [0], profit: [0], sums: new Float64Array(6) };
    for (const { p, profit, cost, net } of ranked(costs)) {
      plan.cost.push(plan.cost.at(-1) + cost);
      plan.profit.push(plan.profit.at(-1) + profit);
      if (given.budget !== null && plan.cost.at(-1) > given.budget) continue;
      const kept = p * net, offers = (1 - p) * costs.offer;
      [kept, offers, kept * net, kept * kept, kept * offers, offers * offers].forEach((add, place) => { plan.sums[place] += add; });
      plan.contacts += 1;
    }
    return plan;
  };

  const logAddExp = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))); // of 0 and x
  const acceptRates = ({ alpha, beta }) => { // equally probable values of the Beta
    const spread = grid.reach * Math.sqrt(1 / alpha + 1 / beta), middle = Math.log(alpha / beta);
    const low = middle - spread - 2 * grid.reach / alpha, high = middle + spread + 2 * grid.reach / beta;
    const edge = (cell) => low + (high - low) * cell / grid.cells;
    const density = Array.from({ length: grid.cells }, (_, cell) => {
      const centre = (edge(cell) + edge(cell + 1)) / 2;
      return -alpha * logAddExp(-centre) - beta * logAddExp(centre);
    });
    const most = density.reduce((one, other) => Math.max(one, other)), mass = [0];
    density.forEach((each) => mass.push(mass.at(-1) + Math.exp(each - most)));
    let cell = 0;
    return Array.from({ length: grid.rates }, (_, place) => {
      const wanted = (place + 0.5) / grid.rates * mass.at(-1);
      while (mass[cell + 1] < wanted) cell += 1;
      const within = (wanted - mass[cell]) / (mass[cell + 1] - mass[cell]);
      return Math.exp(-logAddExp(-(edge(cell) + within * (edge(cell + 1) - edge(cell)))));
    });
  };

  const intervalOf = (plan, costs) => {
    if (!plan.contacts) return [0, 0];
    const [kept, offers, keptByValue, keptSquared, keptByOffer, offersSquared] = plan.sums;
    const loss = plan.contacts * (costs.contact + costs.offer); // at most
    const profits = Float64Array.from(acceptRates(costs).flatMap((rate) => {
      const mean = rate * kept - offers - costs.contact * plan.contacts;
      const square = rate * keptByValue + costs.offer * offers;
      const deviation = Math.sqrt(Math.max(square - (rate ** 2 * keptSquared - 2 * rate * keptByOffer + offersSquared), 0));
      const above = Math.max(mean + loss, 1e-9), spread = deviation / (3 * above); // a gamma above the loss
      return grid.deviations.map((each) => above * Math.max(1 - spread ** 2 + spread * each, 0) ** 3 - loss);
    })).sort();
    return [(1 - grid.level) / 2, (1 + grid.level) / 2].map((share) => {
      const place = share * (profits.length - 1), below = Math.floor(place);
      return profits[below] + (place - below) * (profits[Math.min(below + 1, profits.length - 1)] - profits[below]);
    });
  };

  const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
  const short = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
  const today = planOf(costsOf(assumed));
  const drawCurve = (plan, changed) => {
    const most = { cost: plan.cost.at(-1), profit: plan.profit.at(-1) };
    if (changed) for (const name of ["cost", "profit"]) most[name] = Math.max(most[name], today[name].at(-1));
    const point = ({ cost, profit }, place) =>
      `${(600 * cost[place] / Math.max(most.cost, 1e-9)).toFixed(1)},${(200 - 200 * profit[place] / Math.max(most.profit, 1e-9)).toFixed(1)}`;
    const points = (plan) => {
      const last = plan.cost.length - 2, count = Math.min(grid.points, last + 1);
      const places = Array.from({ length: count }, (_, k) => 1 + (count > 1 ? Math.floor(k * (last / (count - 1))) : 0));
      if (count > 1) places[count - 1] = last + 1;
      return [0, ...new Set(places)].map((place) => point(plan, place)).join(" ");
    };
    root.querySelector(".tried").setAttribute("points", points(plan));
    root.querySelector(".today").setAttribute("points", changed ? points(today) : "");
    const [x, y] = point(plan, plan.contacts).split(",");
    root.querySelector("circle").setAttribute("cx", x);
    root.querySelector("circle").setAttribute("cy", y);
    for (const name of ["cost", "profit"]) root.querySelector(`[data-name=most-${name}]`).textContent = whole.format(most[name]);
  };

  const draw = () => {
    const costs = costsOf(state), plan = planOf(costs), [low, high] = intervalOf(plan, costs);
    const changed = Object.keys(assumed).some((name) => state[name] !== assumed[name]);
    const shown = { contacts: plan.contacts, cost: plan.cost[plan.contacts], profit: plan.profit[plan.contacts], low, high };
    for (const [name, found] of Object.entries(shown)) {
      const place = root.querySelector(`data[data-name=${name}]`);
      place.value = found.toFixed(name === "contacts" ? 0 : 2);
      place.textContent = whole.format(found);
    }
    root.querySelector(".changed").hidden = !changed;
    for (const name of Object.keys(assumed)) {
      form.elements[name].value = state[name];
      form.elements[name].parentElement.querySelector("b").textContent = short.format(state[name]);
    }
    drawCurve(plan, changed);
  };

  const read = () => { // what the address says, within the ranges
    const address = new URLSearchParams(location.hash.slice(1));
    state = Object.fromEntries(given.assumptions.map(({ name, assumed, low, high }) => {
      const found = address.has(name) && address.get(name).trim() !== "" ? Number(address.get(name)) : NaN;
      return [name, Number.isFinite(found) ? Math.min(Math.max(found, low), high) : assumed];
    }));
    draw();
  };
  const write = () => {
    const set = Object.entries(state).filter(([name, each]) => each !== assumed[name]);
    history.replaceState(null, "", set.length ? "#" + new URLSearchParams(set) : location.pathname + location.search);
    draw();
  };
  form.addEventListener("input", ({ target }) => { state[target.name] = Number(target.value); write(); });
  form.addEventListener("reset", (event) => { event.preventDefault(); state = { ...assumed }; write(); });
  addEventListener("hashchange", read);
  form.hidden = false;
  read();
})();
