#include <map>

#include "http/routes/openapi.hpp"
#include "security/html_escaping.hpp"

/// The notes as a page: a line for each route, which opens to show what it takes and what it answers. No script.
namespace cued::http {
namespace {

using security::html_escaped;

constexpr std::string_view head = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>CueAPI</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}
summary{cursor:pointer;padding:.3rem 0;border-bottom:1px solid #ddd}summary b{display:inline-block;width:5rem}
summary span{float:right;color:#666}details>div{padding:.3rem 0 1rem 5rem}
table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.1rem 1rem .1rem 0}
h4{margin:.7rem 0 .2rem}</style>
</head><body><h1>CueAPI</h1>
<p>Send <code>Authorization: Bearer &lt;API key&gt;</code> where a key is needed.
The same as a document for programs: <a href="/openapi.json">/openapi.json</a>.</p>
)";

std::string code(std::string_view text) { return "<code>" + html_escaped(text) + "</code>"; }

std::string type_of(const schema& s);

std::string bounds_of(const schema& s, std::string_view what) {
  if (!s.min && !s.max)
    return {};
  const auto from = s.min ? std::to_string(*s.min) : std::string{"at most"};
  const auto to = s.max ? (s.min ? " to " : " ") + std::to_string(*s.max) : std::string{" or more"};
  return ", " + from + to + std::string{what};
}

std::string text_type(const schema& s) {
  if (!s.choices.empty()) {
    std::string out;
    for (const auto choice : s.choices)
      out += (out.empty() ? "" : ", ") + std::string{choice};
    return out;
  }
  const auto kind = s.format.empty() ? std::string{"text"} : std::string{s.format};
  return kind + bounds_of(s, s.min == 1 && !s.max ? " character" : " characters");
}

std::string plain_type(const schema& s) {
  switch (s.of) {
  case shape::anything:
    return "any JSON";
  case shape::text:
    return text_type(s);
  case shape::integer:
    return "integer" + bounds_of(s, "");
  case shape::number:
    return "number" + bounds_of(s, "");
  case shape::boolean:
    return "boolean";
  case shape::moment:
    return "time";
  case shape::list:
    return "list of (" + type_of(s.items.front()) + ")" + bounds_of(s, " items");
  case shape::map:
    return s.items.front().of == shape::anything ? "object" : "object of (" + type_of(s.items.front()) + ")";
  case shape::reference:
    return std::string{s.target->name};
  case shape::object:
    break;
  }
  return "object";
}

std::string type_of(const schema& s) { return plain_type(s) + (s.nullable ? " or null" : ""); }

void add_row(std::string& out, std::string_view name, const schema& s, bool required) {
  out += "<tr><td>" + code(name) + (required ? "" : " <i>optional</i>") + "</td><td>" + html_escaped(type_of(s)) +
         "</td><td>" + html_escaped(s.remark) + "</td></tr>\n";
}

/// A line for each member, those of objects inside by their path.
void add_members(std::string& out, const schema& s, const std::string& above) {
  const auto& shown = s.of == shape::reference ? *s.target : s;
  for (const auto& member : shown.members) {
    const auto path = above + std::string{member.name};
    add_row(out, path, member.value, member.required);
    add_members(out, member.value, path + ".");
    if (member.value.of == shape::list)
      add_members(out, member.value.items.front(), path + "[].");
  }
}

void add_parameters(std::string& out, std::string_view title, const std::vector<parameter_note>& all) {
  if (all.empty())
    return;
  out += "<h4>" + std::string{title} + "</h4><table>\n";
  for (const auto& one : all)
    add_row(out, one.name, one.value, one.required);
  out += "</table>\n";
}

void add_schema(std::string& out, const std::string& title, const schema& s) {
  out += "<h4>" + title + "</h4>";
  std::string rows;
  add_members(rows, s, "");
  out += rows.empty() ? html_escaped(type_of(s)) + "\n" : "<table>\n" + rows + "</table>\n";
}

void add_refusals(std::string& out, const route& r, bool on_behalf) {
  std::map<int, std::string> by_status;
  for (const auto& refusal : refusals_of(r, on_behalf)) {
    auto& codes = by_status[refusal.status];
    codes += (codes.empty() ? "" : ", ") + code(refusal.code);
  }
  out += "<h4>Refusals</h4><table>\n";
  for (const auto& [status, codes] : by_status)
    out += "<tr><td>" + std::to_string(status) + "</td><td>" + codes + "</td></tr>\n";
  out += "</table>\n";
}

void add_notes(std::string& out, const route& r, bool on_behalf) {
  const auto& notes = *r.notes;
  if (!notes.description.empty())
    out += "<p>" + html_escaped(notes.description) + "</p>\n";
  const auto names = path_parameters(r.pattern);
  std::vector<parameter_note> in_path;
  for (const auto& name : names)
    in_path.push_back({name, path_parameter(name).value_or(text()), true});
  add_parameters(out, "Path", in_path);
  add_parameters(out, "Query", notes.query);
  add_parameters(out, "Headers", notes.headers);
  if (notes.body)
    add_schema(out, "Body", *notes.body);
  for (const auto& answer : notes.answers) {
    const auto title = "Answer " + std::to_string(answer.status);
    if (answer.media_type.empty())
      out += "<h4>" + title + "</h4>no body\n";
    else if (answer.media_type != "application/json")
      out += "<h4>" + title + "</h4>" + html_escaped(answer.media_type) + "\n";
    else
      add_schema(out, title, answer.body);
  }
  add_refusals(out, r, on_behalf);
}

} // namespace

std::string page_about(std::span<const route> routes, bool on_behalf) {
  std::string out{head};
  for (const auto& r : routes) {
    out += "<details><summary><b>" + std::string{to_string(r.method)} + "</b> " + code(documented_path(r.pattern)) +
           " " + html_escaped(r.summary) + (r.who == auth::caller ? " <span>key</span>" : "") + "</summary><div>\n";
    if (r.notes)
      add_notes(out, r, on_behalf);
    out += "</div></details>\n";
  }
  return out + "</body></html>\n";
}

} // namespace cued::http
