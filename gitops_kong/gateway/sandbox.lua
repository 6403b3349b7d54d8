-- Runs a plugin's schema.lua in an environment that has nothing but plain values, and gives its result as JSON.
-- `typedefs` is the source of a table of the types that schemas share; `budget` is how many instructions may run.
return function(typedefs_source, source, budget)
  local rawget, type, next, pairs, ipairs, tostring = rawget, type, next, pairs, ipairs, tostring
  local error, setmetatable, sethook, loadstring = error, setmetatable, debug.sethook, loadstring
  local format, concat, gsub, byte, sub = string.format, table.concat, string.gsub, string.byte, string.sub
  local huge, floor = math.huge, math.floor
  string.dump = nil -- also reachable as a method of any string

  local null = setmetatable({}, { __metatable = false, __newindex = function() end })

  -- Stands for whatever a schema requires beside its typedefs: all its fields and results are itself.
  local unknown
  local function self() return unknown end
  unknown = setmetatable({}, {
    __metatable = false, __index = self, __call = self, __newindex = function() end, __concat = self, __unm = self,
    __add = self, __sub = self, __mul = self, __div = self, __mod = self, __pow = self,
  })

  local function define(spec)
    return setmetatable(spec, { __metatable = false, __call = function(_, changes)
      local copy = {}
      for key, value in next, spec do copy[key] = value end
      for key, value in next, changes or {} do copy[key] = value end
      return define(copy)
    end })
  end

  local typedefs = loadstring(typedefs_source, "=typedefs")(null)
  for name, spec in next, typedefs do typedefs[name] = define(spec) end
  setmetatable(typedefs, { __metatable = false, __index = self })

  local function copy(library)
    local new = {}
    for name, value in next, library do new[name] = value end
    return new
  end

  local Schema = setmetatable({ define = define }, { __metatable = false, __index = self })
  local modules = { ["kong.db.schema.typedefs"] = typedefs, ["kong.db.schema"] = Schema }
  local env = {
    assert = assert, error = error, ipairs = ipairs, next = next, pairs = pairs, rawequal = rawequal, rawget = rawget,
    rawset = rawset, select = select, setmetatable = setmetatable, tonumber = tonumber, tostring = tostring,
    type = type, unpack = unpack, math = copy(math), string = copy(string), table = copy(table),
    kong = unknown, ngx = setmetatable({ null = null }, { __metatable = false, __index = self }),
    print = function() end,
    require = function(name) return modules[name] or unknown end,
  }
  env._G = env

  local size, seen = 0, {}
  local write

  local function text(value)
    size = size + #value
    if size > 4000000 then error("the schema is too large", 0) end
    return '"' .. gsub(value, '[%z\1-\31\\"\127-\255]', function(char)
      return format("\\u%04x", byte(char))
    end) .. '"'
  end

  local function list(value, length, depth)
    local out = {}
    for index = 1, length do out[index] = write(rawget(value, index), depth) end
    return "[" .. concat(out, ",") .. "]"
  end

  local function object(value, depth)
    local out = {}
    for key, item in next, value do
      if type(key) == "string" then out[#out + 1] = text(key) .. ":" .. write(item, depth) end
    end
    return "{" .. concat(out, ",") .. "}"
  end

  function write(value, depth)
    local kind = type(value)
    size = size + 8
    if value == nil or value == null then return "null" end
    if kind == "boolean" then return tostring(value) end
    if kind == "string" then return text(value) end
    if kind == "number" and value == value and value ~= huge and value ~= -huge then
      return value == floor(value) and value < 1e15 and value > -1e15 and format("%d", value) or format("%.17g", value)
    end
    if kind ~= "table" or value == unknown then return '{"<' .. (kind == "function" and kind or "unknown") .. '>":true}' end
    if depth > 60 or seen[value] then error("the schema contains itself, or is nested too deeply", 0) end
    if size > 4000000 then error("the schema is too large", 0) end
    seen[value] = true
    local count = 0
    for _ in next, value do count = count + 1 end
    local out
    if count > 0 and #value == count then out = list(value, count, depth + 1) else out = object(value, depth + 1) end
    seen[value] = nil
    return out
  end

  if byte(source) == 27 then error("the schema is bytecode", 0) end
  if sub(source, 1, 1) == "#" then source = "--" .. source end
  local chunk, wrong = loadstring(source, "=schema.lua")
  if not chunk then error(wrong, 0) end
  setfenv(chunk, env)
  sethook(function() error("the schema runs too long", 0) end, "", budget)
  local result = chunk()
  if type(result) ~= "table" or result == unknown or result == null then
    error("the file returns no table", 0)
  end
  local json = write(result, 0)
  sethook()
  return json
end
