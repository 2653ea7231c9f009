#include "http/routes/openapi.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "domain/json/value.hpp"
#include "domain/letter_case.hpp"
#include "http/routes/schema_json.hpp"

/// The document, and what each line of the route table adds to its notes.
namespace cued::http {
namespace {

using boost::beast::http::verb;

constexpr std::string_view about_all =
    "Errors are `{\"error\": {\"code\", \"message\", \"status\"}}` and say the same under `detail`; with "
    "`validation_error`, `details` lists every problem. Before a request is routed the server may refuse it: 431 over "
    "64 KiB of headers, 408 when it does not arrive in time, 413 over 1 MiB of body, 429 or 503 with too many "
    "connections. Integers, booleans and times are also read from texts that say the same (`\"5\"`, `\"true\"`); "
    "unknown query parameters are ignored, and so are unknown members of bodies unless a schema says otherwise. POST, "
    "PATCH and PUT with `X-CueAPI-Verify-Echo: true` add `body_received` and `body_received_sha256` to a JSON object "
    "that they answer with.";

constexpr std::array<std::string_view, 5> caller_codes{"invalid_api_key", "key_rotated", "session_expired",
                                                       "invalid_session", "user_not_found"};

bool reads_json(const route& r) { return r.reads == body::json || r.reads == body::optional_json; }

bool answers_with(const operation_notes& notes, int status) {
  return std::any_of(notes.answers.begin(), notes.answers.end(),
                     [&](const answer_note& answer) { return answer.status == status; });
}

/// `get /v1/cues/{cue_id}/next` -> `get_cues_cue_id_next`; the same as long as the route is.
std::string operation_id(const route& r) {
  auto path = documented_path(r.pattern);
  if (path.starts_with("/v1/"))
    path.erase(0, 3);
  std::string out = lower_case(to_string(r.method));
  for (const char c : path) {
    if (c == '/' || c == '-' || c == '.')
      out += '_';
    else if (c != '{' && c != '}')
      out += c;
  }
  return out;
}

/// The first word of the path.
std::string tag_of(const route& r) {
  std::string_view path = r.pattern;
  path.remove_prefix(path.starts_with("/v1/") ? 4 : 1);
  const auto word = path.substr(0, path.find_first_of("/."));
  return r.pattern.starts_with("/v1/") || word == "auth" ? std::string{word} : "server";
}

// -- answers --------------------------------------------------------------

struct shared_response {
  std::string_view name;
  int status;
  std::vector<std::string_view> codes;
};

/// Answers that many routes have in common, word for word.
const std::vector<shared_response>& shared_responses() {
  static const std::vector<shared_response> all{
      {"NotJson", 400, {"invalid_json", "http_error"}},
      {"Unauthenticated", 401, {caller_codes.begin(), caller_codes.end()}},
      {"InsufficientScope", 403, {"insufficient_scope"}},
      {"TooLarge", 413, {"request_too_large"}},
      {"InvalidInput", 422, {"validation_error"}},
      {"TooManyRequests", 429, {"rate_limit_exceeded"}},
      {"InternalError", 500, {"internal_error"}},
      {"Unavailable", 503, {"service_unavailable"}},
  };
  return all;
}

struct answer_header {
  std::string_view name, what;
};

constexpr std::array<answer_header, 4> rate_headers{{{"X-RateLimit-Limit", "Requests in any 60 seconds"},
                                                     {"X-RateLimit-Remaining", "How many of them are left"},
                                                     {"X-RateLimit-Reset", "Unix seconds when all are back"},
                                                     {"Retry-After", "Seconds to wait"}}};

void write_rate_headers(json::writer& w, bool refused) {
  w.key("headers").begin_object();
  for (const auto& header : rate_headers)
    if (refused || header.name != "Retry-After")
      w.key(header.name)
          .begin_object()
          .key("$ref")
          .string("#/components/headers/" + std::string{header.name})
          .end_object();
  w.end_object();
}

void write_header_components(json::writer& w) {
  w.key("headers").begin_object();
  for (const auto& header : rate_headers) {
    w.key(header.name).begin_object().key("description").string(header.what);
    w.key("schema").begin_object().key("type").string("integer").end_object().end_object();
  }
  w.end_object();
}

/// One status with the codes that come with it.
void write_refusal_inline(json::writer& w, int status, const std::vector<std::string_view>& codes) {
  std::string all;
  for (const auto code : codes)
    all += (all.empty() ? "`" : ", `") + std::string{code} + "`";
  w.begin_object().key("description").string(all);
  if (status == 429)
    write_rate_headers(w, true);
  w.key("content").begin_object().key("application/json").begin_object().key("schema").begin_object();
  w.key("allOf").begin_array();
  w.begin_object().key("$ref").string("#/components/schemas/Error").end_object();
  w.begin_object().key("properties").begin_object().key("error").begin_object();
  w.key("properties").begin_object().key("code").begin_object().key("enum").begin_array();
  for (const auto code : codes)
    w.string(code);
  w.end_array().end_object().end_object();
  w.end_object().end_object().end_object();
  w.end_array().end_object().end_object().end_object();
  w.end_object();
}

void write_refusal(json::writer& w, int status, const std::vector<std::string_view>& codes) {
  for (const auto& shared : shared_responses())
    if (shared.status == status && shared.codes == codes) {
      w.begin_object().key("$ref").string("#/components/responses/" + std::string{shared.name}).end_object();
      return;
    }
  write_refusal_inline(w, status, codes);
}

void write_response_components(json::writer& w) {
  w.key("responses").begin_object();
  for (const auto& shared : shared_responses())
    write_refusal_inline(w.key(shared.name), shared.status, shared.codes);
  w.end_object();
}

void write_answer(json::writer& w, schema_writer& schemas, const answer_note& answer, bool rate_limited) {
  w.begin_object().key("description").string(answer.status < 300 ? "Done" : "Refused");
  if (rate_limited)
    write_rate_headers(w, false);
  if (!answer.media_type.empty()) {
    w.key("content").begin_object().key(answer.media_type).begin_object();
    schemas.write(w.key("schema"), answer.body);
    w.end_object().end_object();
  }
  w.end_object();
}

void write_answers(json::writer& w, schema_writer& schemas, const route& r, bool on_behalf) {
  std::map<int, std::vector<std::string_view>> codes;
  for (const auto& refusal : refusals_of(r, on_behalf))
    codes[refusal.status].push_back(refusal.code);
  w.key("responses").begin_object();
  for (const auto& answer : r.notes->answers)
    write_answer(w.key(std::to_string(answer.status)), schemas, answer, r.rate_limited);
  for (const auto& [status, of_status] : codes)
    write_refusal(w.key(std::to_string(status)), status, of_status);
  w.end_object();
}

// -- what is sent ---------------------------------------------------------

void write_parameter(json::writer& w, schema_writer& schemas, std::string_view in, std::string_view name,
                     const schema& value, bool required) {
  auto plain = value;
  plain.remark = {};
  w.begin_object().key("name").string(name).key("in").string(in).key("required").boolean(required);
  if (!value.remark.empty())
    w.key("description").string(value.remark);
  schemas.write(w.key("schema"), plain);
  w.end_object();
}

void write_parameters(json::writer& w, schema_writer& schemas, const route& r) {
  const auto in_path = path_parameters(r.pattern);
  if (in_path.empty() && r.notes->query.empty() && r.notes->headers.empty())
    return;
  w.key("parameters").begin_array();
  for (const auto& name : in_path)
    write_parameter(w, schemas, "path", name, path_parameter(name).value_or(text()), true);
  for (const auto& one : r.notes->query)
    write_parameter(w, schemas, "query", one.name, one.value, one.required);
  for (const auto& one : r.notes->headers)
    write_parameter(w, schemas, "header", one.name, one.value, one.required);
  w.end_array();
}

void write_body(json::writer& w, schema_writer& schemas, const route& r) {
  if (!r.notes->body)
    return;
  w.key("requestBody").begin_object().key("required").boolean(r.reads != body::optional_json);
  w.key("content").begin_object().key("application/json").begin_object();
  schemas.write(w.key("schema"), *r.notes->body);
  w.end_object().end_object().end_object();
}

void write_operation(json::writer& w, schema_writer& schemas, const route& r, bool on_behalf) {
  w.key(lower_case(to_string(r.method))).begin_object();
  w.key("operationId").string(operation_id(r)).key("summary").string(r.summary);
  w.key("tags").begin_array().string(tag_of(r)).end_array();
  if (r.notes && !r.notes->description.empty())
    w.key("description").string(r.notes->description);
  if (r.who == auth::caller)
    w.key("security").begin_array().begin_object().key("bearer").begin_array().end_array().end_object().end_array();
  if (r.notes) {
    write_parameters(w, schemas, r);
    write_body(w, schemas, r);
    write_answers(w, schemas, r, on_behalf);
  }
  w.end_object();
}

/// The envelope of spec/http.md §3.1. `status` is missing from one answer only (spec/cues.md §0: `no_outcome`).
void write_error_schema(json::writer& w) {
  schema_writer inside;
  const auto problem = object({{"field", text()}, {"message", text()}});
  const auto error = object(
      {{"code", text()}, {"message", text()}, maybe("status", integer(400, 599)), maybe("details", list_of(problem))});
  inside.write(w, object({{"error", error},
                          {"detail", object({{"error", error}}).meaning("The same again, where some clients look")}}));
}

} // namespace

std::vector<std::string> path_parameters(std::string_view pattern) {
  const auto path = documented_path(pattern);
  std::vector<std::string> out;
  for (auto open = path.find('{'); open != std::string::npos; open = path.find('{', open + 1))
    out.push_back(path.substr(open + 1, path.find('}', open) - open - 1));
  return out;
}

std::string documented_path(std::string_view pattern) {
  std::string out{pattern};
  if (const auto dots = out.find("...}"); dots != std::string::npos)
    out.erase(dots, 3);
  return out;
}

std::vector<refusal_note> refusals_of(const route& r, bool on_behalf) {
  std::vector<refusal_note> out;
  const auto add = [&](int status, std::string_view code) {
    const bool known = std::any_of(out.begin(), out.end(), [&](const refusal_note& other) {
      return other.status == status && other.code == code;
    });
    if (!known && !answers_with(*r.notes, status))
      out.push_back({status, code});
  };
  if (r.who == auth::caller) {
    for (const auto code : caller_codes)
      add(401, code);
    if (on_behalf) {
      add(400, "internal_token_requires_on_behalf_of");
      add(400, "invalid_on_behalf_of");
      add(404, "user_not_found");
    }
    if (r.to_keys != opens::to_any_caller)
      add(403, "insufficient_scope");
  }
  if (reads_json(r)) {
    add(400, "invalid_json");
    add(400, "http_error"); // text that is no JSON for another reason: spec/http.md §2
  }
  if (reads_json(r) || !r.notes->query.empty())
    add(422, "validation_error");
  if (r.rate_limited)
    add(429, "rate_limit_exceeded");
  for (const auto& own : r.notes->refusals)
    add(own.status, own.code);
  add(413, "request_too_large");
  add(500, "internal_error");
  add(503, "service_unavailable");
  std::stable_sort(out.begin(), out.end(),
                   [](const refusal_note& a, const refusal_note& b) { return a.status < b.status; });
  return out;
}

std::string document_of(std::span<const route> routes, bool on_behalf) {
  std::map<std::string, std::vector<const route*>> by_path;
  for (const auto& r : routes)
    by_path[documented_path(r.pattern)].push_back(&r);

  schema_writer schemas;
  json::writer w;
  w.begin_object().key("openapi").string("3.1.0");
  w.key("info").begin_object().key("title").string("CueAPI").key("version").string("1.0.0");
  w.key("description").string(about_all).end_object();
  w.key("paths").begin_object();
  for (const auto& [path, operations] : by_path) {
    w.key(path).begin_object();
    for (const auto* r : operations)
      write_operation(w, schemas, *r, on_behalf);
    w.end_object();
  }
  w.end_object();
  w.key("components").begin_object();
  w.key("securitySchemes").begin_object().key("bearer").begin_object();
  w.key("type").string("http").key("scheme").string("bearer");
  w.key("description").string("An API key (`cue_sk_...`) or a session token").end_object().end_object();
  write_header_components(w);
  write_response_components(w);
  w.key("schemas").begin_object();
  write_error_schema(w.key("Error"));
  schemas.write_components(w);
  w.end_object().end_object().end_object();
  return std::move(w).str();
}

} // namespace cued::http
