#include <map>
#include <vector>

#include "http/routes/public_handlers.hpp"

/// /openapi.json and /docs, both made from the route table. They need nothing from elsewhere on the network.
/// enabled_routes() leaves them out in production (spec/http.md §9 "Docs").
namespace cued::http {
namespace {

using boost::asio::awaitable;

std::string lower_case(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// The pattern in OpenAPI's words, which know no `{rest...}`.
std::string documented(std::string_view pattern) {
  std::string out{pattern};
  if (const auto dots = out.find("...}"); dots != std::string::npos)
    out.erase(dots, 3);
  return out;
}

std::vector<std::string> parameters_of(std::string_view pattern) {
  std::vector<std::string> out;
  for (auto open = pattern.find('{'); open != std::string_view::npos; open = pattern.find('{', open + 1))
    out.emplace_back(pattern.substr(open + 1, pattern.find('}', open) - open - 1));
  return out;
}

void write_operation(json::writer& w, const route& r) {
  w.key(lower_case(to_string(r.method))).begin_object();
  w.key("summary").string(r.summary);
  if (const auto names = parameters_of(documented(r.pattern)); !names.empty()) {
    w.key("parameters").begin_array();
    for (const auto& name : names) {
      w.begin_object().key("name").string(name).key("in").string("path").key("required").boolean(true);
      w.key("schema").begin_object().key("type").string("string").end_object().end_object();
    }
    w.end_array();
  }
  if (r.who == auth::caller)
    w.key("security").begin_array().begin_object().key("bearer").begin_array().end_array().end_object().end_array();
  w.key("responses").begin_object();
  w.key("default").begin_object().key("description").string("See the documentation of this route").end_object();
  w.end_object().end_object();
}

std::string openapi_json(std::span<const route> routes) {
  std::map<std::string, std::vector<const route*>> by_pattern;
  for (const auto& r : routes)
    by_pattern[documented(r.pattern)].push_back(&r);

  json::writer w;
  w.begin_object().key("openapi").string("3.1.0");
  w.key("info").begin_object().key("title").string("CueAPI").key("version").string("1.0.0").end_object();
  w.key("paths").begin_object();
  for (const auto& [pattern, operations] : by_pattern) {
    w.key(pattern).begin_object();
    for (const auto* r : operations)
      write_operation(w, *r);
    w.end_object();
  }
  w.end_object();
  w.key("components").begin_object().key("securitySchemes").begin_object().key("bearer").begin_object();
  w.key("type").string("http").key("scheme").string("bearer");
  w.end_object().end_object().end_object().end_object();
  return std::move(w).str();
}

std::string docs_page(std::span<const route> routes) {
  std::string rows;
  for (const auto& r : routes) {
    rows += "<tr><td>" + std::string{to_string(r.method)} + "</td><td><code>" + documented(r.pattern) +
            "</code></td><td>" + std::string{r.summary} + "</td><td>" + (r.who == auth::caller ? "key" : "") +
            "</td></tr>\n";
  }
  return R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>CueAPI</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd}</style>
</head><body><h1>CueAPI</h1>
<p>Send <code>Authorization: Bearer &lt;API key&gt;</code> where a key is needed.
The same as a document for programs: <a href="/openapi.json">/openapi.json</a>.</p>
<table><tr><th>Method</th><th>Path</th><th>What it does</th><th>Needs</th></tr>
)" + rows +
         "</table></body></html>\n";
}

} // namespace

awaitable<result<response>> show_openapi(services& with, request&) {
  co_return json_response(openapi_json(with.routes));
}

awaitable<result<response>> show_docs(services& with, request&) {
  response out;
  out.content_type = "text/html; charset=utf-8";
  out.body = docs_page(with.routes);
  out.headers.emplace_back("content-security-policy",
                           "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  co_return out;
}

} // namespace cued::http
