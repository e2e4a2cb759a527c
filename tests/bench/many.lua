-- wrk over many sequences, s0000001 and so on: makes them, or takes a value from one of them by chance.
--   wrk … -s many.lua URL -- create COUNT    ends when all are there, without a word
--   wrk … -s many.lua URL -- next COUNT
local made, answered, count, body = 0, 0, 0, nil
local headers = {["Content-Type"] = "application/json"}

local function name(number)
  return string.format("s%07d", number)
end

local function create()
  made = made % count + 1 -- some twice at the end: answers come in any order, and wrk throws its first request away
  body = string.format('{"name":"%s","mode":"SEQUENCE_MODE_BLOCK"}', name(made))
  return wrk.format("POST", "/v1/sequences", headers, body)
end

local function take()
  return wrk.format("GET", "/v1/sequences/" .. name(math.random(count)) .. "/next")
end

function init(args)
  count = tonumber(args[2])
  math.randomseed(1)
  if args[1] == "create" then
    request = create
    response = function()
      answered = answered + 1
      if answered == count + 1000 then
        os.exit(0) -- wrk would wait for its time to be over
      end
    end
  else
    request = take
  end
end
