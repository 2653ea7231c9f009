#include <limits>

#include "domain/identifiers.hpp"
#include "http/middleware/json_body.hpp"
#include "http/server/target.hpp"
#include "http/validation/coercions.hpp"
#include "http/validation/email_input.hpp"
#include "http/validation/readers.hpp"
#include "http/validation/wait_input.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: a content type, then a query, then a body. Read by a handler that asks for one member of each kind.
namespace {

using namespace cued::http;
using cued::fuzz::require;
using cued::fuzz::require_equal;

constexpr std::size_t name_length_max = 10;
constexpr std::int64_t limit_max = 100;

void check_text(const std::string& text, std::size_t length_max) {
  require(length_in_code_points(text) <= length_max, "no text is longer than the rule");
  require(text.find('\0') == std::string::npos, "no text holds U+0000");
  require_equal(valid_utf8(text), text, "every text is valid UTF-8");
}

void check_error(const cued::error& e) {
  require(e.status == 422 && e.code == "validation_error" && !e.details.empty(), "what is wrong is told by member");
  for (const auto& problem : e.details)
    require((problem.field.starts_with("body") || problem.field.starts_with("query") ||
             problem.field.starts_with("path")) &&
                !problem.message.empty(),
            "a problem has a place and a text");
}

void read_nested(object_reader& body) {
  auto schedule = body.optional_object("schedule");
  if (!schedule)
    return;
  const auto at = schedule->optional_time("at");
  if (at && schedule->clean()) {
    const auto again = cued::parse_timestamp(cued::format_z(at->at));
    require(again && again->at == at->at, "an accepted moment is written and read back");
  }
  (void)schedule->text("type", {.length_max = name_length_max});
  schedule->refuse_unknown();
}

void read_members(object_reader& body) {
  const auto name = body.text("name", {.length_min = 1, .length_max = name_length_max});
  const auto count = body.integer("count", {.min = 1, .max = limit_max, .fallback = 50});
  const auto kind = body.choice("kind", {.of = {"once", "recurring"}, .fallback = "once"});
  const auto id = body.optional_uuid("id");
  const auto note = body.optional_text("note");
  const auto headers = body.optional_text_map("headers");
  const auto email = read_optional_email(body, "email");
  const auto wait = read_wait(body);
  const auto* payload = body.free_object("payload");
  const bool enabled = body.boolean("enabled", {.fallback = true});
  (void)enabled;
  if (auto steps = body.optional_list("steps"))
    for (auto& step : *steps) {
      const auto value = step.integer({.min = -5, .max = 5});
      require(!body.clean() || (value >= -5 && value <= 5), "members of lists obey their rule");
    }
  read_nested(body);
  body.refuse_unknown();
  if (!body.clean())
    return;
  check_text(name, name_length_max);
  require(!name.empty(), "a required text is there");
  require(count >= 1 && count <= limit_max, "integers are in their range");
  require(kind == "once" || kind == "recurring", "a choice is one of the choices");
  require(!id || cued::canonical_uuid(*id) == *id, "an id is in its canonical spelling");
  if (note)
    check_text(*note, no_length_limit);
  if (headers)
    for (const auto& [key, value] : *headers) {
      check_text(key, no_length_limit);
      check_text(value, no_length_limit);
    }
  require(!email || email->find('@') != std::string::npos, "an address is one");
  require(wait.count() >= 0 && wait <= wait_at_most, "a wait has its limit");
  require(!payload || (payload->kind() == cued::json::kind::object && !holds_null_character(*payload)),
          "a free object is one");
}

void check_query(request& in) {
  query_reader query{in};
  const auto limit = query.integer("limit", {.min = 1, .max = limit_max, .fallback = 50});
  const auto status = query.optional_text("status", {.length_max = name_length_max});
  const auto since = query.optional_time("since");
  const auto all = query.optional_boolean("all");
  const auto wait = read_wait(query);
  (void)all;
  if (const auto problems = query.problems()) {
    check_error(*problems);
    return;
  }
  require(limit >= 1 && limit <= limit_max, "integers of the query are in their range");
  require(wait.count() >= 0 && wait <= wait_at_most, "a wait of the query has its limit");
  if (status)
    check_text(*status, name_length_max);
  if (since)
    require(cued::parse_timestamp(cued::format_z(since->at)).has_value(), "a moment of the query can be written");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cued::fuzz::input from{data, size};
  request in;
  in.headers.emplace_back("Content-Type", from.line());
  in.query = read_query(from.line());
  in.body = from.rest();
  check_query(in);
  for (const auto& [name, value] : in.query) {
    const auto id = to_uuid(value);
    const auto known = cued::canonical_uuid(value);
    require(id.has_value() == known.has_value() && (!id || *id == *known), "both readers of ids agree");
  }

  if (const auto parsed = parse_json_body(in); !parsed) {
    require(parsed.error().status == 400, "an unreadable body is the client's mistake");
    return 0;
  }
  body_reader body{in};
  read_members(body);
  if (const auto problems = body.problems())
    check_error(*problems);
  else
    require(in.json && in.json->kind() == cued::json::kind::object, "only an object is a body");
  return 0;
}
