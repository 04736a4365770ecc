-- The load of bench/serving.py for wrk: half of the requests make ten customers and keep them, a quarter each asks for
-- one customer and for the addresses of one. Arguments: a file of customers' ids. Every answer is looked at; what
-- came of it is printed as one line of names and values.
local threads = {}

function setup(thread)
  thread:set("number", #threads + 1)
  table.insert(threads, thread)
end

function init(arguments)
  ids = {}
  for line in io.lines(arguments[1]) do ids[#ids + 1] = line end
  math.randomseed(number)
  counter, created, found, wrong, first_wrong = number, 0, 0, 0, ""
  generate = wrk.format("POST", "/api/v1/generate/customers", {["Content-Type"] = "application/json"}, '{"count":10}')
end

function request()
  counter = counter + 1
  if counter % 2 == 0 then return generate end
  local id = ids[math.random(#ids)]
  if counter % 4 == 1 then return wrk.format("GET", "/api/v1/customers/" .. id) end
  return wrk.format("GET", "/api/v1/addresses?customer_id=" .. id)
end

function response(status, headers, body)
  if status == 201 and body:find('"persisted":true', 1, true) then
    created = created + 1
  elseif status == 200 and body:find('"id":"', 1, true) then
    found = found + 1
  else
    wrong = wrong + 1
    if first_wrong == "" then first_wrong = status .. " " .. body end
  end
end

function done(summary, latency, requests)
  local sums, text = {created = 0, found = 0, wrong = 0}, ""
  for _, thread in ipairs(threads) do
    for name, value in pairs(sums) do sums[name] = value + thread:get(name) end
    if text == "" then text = thread:get("first_wrong") end
  end
  local errors = summary.errors
  io.write(string.format(
    "load seconds=%.3f requests=%d created=%d found=%d errors=%d p50=%.3f p99=%.3f longest=%.3f\n",
    summary.duration / 1e6, summary.requests, sums.created, sums.found,
    sums.wrong + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e6, latency:percentile(99) / 1e6, latency.max / 1e6))
  if text ~= "" then io.write("first wrong answer: ", text, "\n") end
end
