-- Sixteen requests at once on each connection.
function init()
  local requests = {}
  for i = 1, 16 do
    requests[i] = wrk.format()
  end
  together = table.concat(requests)
end

function request()
  return together
end
