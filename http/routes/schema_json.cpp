#include "http/routes/schema_json.hpp"

#include <set>

namespace cued::http {
namespace {

void write_type(json::writer& w, std::string_view type, bool nullable) {
  w.key("type");
  if (nullable)
    w.begin_array().string(type).string("null").end_array();
  else
    w.string(type);
}

void write_bounds(json::writer& w, const schema& s, std::string_view lower, std::string_view upper) {
  if (s.min)
    w.key(lower).number(*s.min);
  if (s.max)
    w.key(upper).number(*s.max);
}

void write_reference(json::writer& w, std::string_view name) {
  w.begin_object().key("$ref").string("#/components/schemas/" + std::string{name}).end_object();
}

} // namespace

void schema_writer::write(json::writer& w, const schema& s) {
  const auto& named = s.of == shape::reference ? *s.target : s;
  if (named.name.empty()) {
    write_inline(w, s);
    return;
  }
  met_.emplace(named.name, &named);
  if (!s.nullable) {
    write_reference(w, named.name);
    return;
  }
  w.begin_object().key("anyOf").begin_array();
  write_reference(w, named.name);
  w.begin_object().key("type").string("null").end_object().end_array().end_object();
}

void schema_writer::write_components(json::writer& w) {
  std::set<std::string_view> written;
  while (written.size() < met_.size()) {
    const auto all = met_; // writing one may meet others
    for (const auto& [name, s] : all) {
      if (!written.insert(name).second)
        continue;
      w.key(name);
      write_inline(w, *s);
    }
  }
}

void schema_writer::write_inline(json::writer& w, const schema& s) {
  w.begin_object();
  write_value(w, s);
  if (!s.remark.empty())
    w.key("description").string(s.remark);
  w.end_object();
}

void schema_writer::write_value(json::writer& w, const schema& s) {
  switch (s.of) {
  case shape::anything:
  case shape::reference:
    break;
  case shape::text:
    write_type(w, "string", s.nullable);
    write_text_rules(w, s);
    break;
  case shape::integer:
    write_type(w, "integer", s.nullable);
    write_bounds(w, s, "minimum", "maximum");
    break;
  case shape::number:
    write_type(w, "number", s.nullable);
    write_bounds(w, s, "minimum", "maximum");
    break;
  case shape::boolean:
    write_type(w, "boolean", s.nullable);
    break;
  case shape::moment:
    w.key("type").begin_array().string("string").string("number");
    if (s.nullable)
      w.string("null");
    w.end_array();
    break;
  case shape::list:
    write_type(w, "array", s.nullable);
    write(w.key("items"), s.items.front());
    write_bounds(w, s, "minItems", "maxItems");
    break;
  case shape::map:
    write_type(w, "object", s.nullable);
    write(w.key("additionalProperties"), s.items.front());
    break;
  case shape::object:
    write_type(w, "object", s.nullable);
    write_members(w, s);
    break;
  }
}

void schema_writer::write_text_rules(json::writer& w, const schema& s) {
  if (!s.format.empty())
    w.key("format").string(s.format);
  write_bounds(w, s, "minLength", "maxLength");
  if (s.choices.empty())
    return;
  w.key("enum").begin_array();
  for (const auto choice : s.choices)
    w.string(choice);
  if (s.nullable)
    w.null();
  w.end_array();
}

void schema_writer::write_members(json::writer& w, const schema& s) {
  w.key("properties").begin_object();
  bool any_required = false;
  for (const auto& member : s.members) {
    write(w.key(member.name), member.value);
    any_required = any_required || member.required;
  }
  w.end_object();
  if (!any_required)
    return;
  w.key("required").begin_array();
  for (const auto& member : s.members)
    if (member.required)
      w.string(member.name);
  w.end_array();
}

} // namespace cued::http
