#include "http/routes/openapi.hpp"

namespace cued::http {
namespace {

schema of_shape(shape s) {
  schema out;
  out.of = s;
  return out;
}

schema between(shape s, std::optional<std::int64_t> min, std::optional<std::int64_t> max) {
  auto out = of_shape(s);
  out.min = min;
  out.max = max;
  return out;
}

} // namespace

schema anything() { return {}; }

schema text(std::optional<std::int64_t> length_min, std::optional<std::int64_t> length_max) {
  return between(shape::text, length_min, length_max);
}

schema text_like(std::string_view format) {
  auto out = of_shape(shape::text);
  out.format = format;
  return out;
}

schema one_of(std::vector<std::string_view> choices) {
  auto out = of_shape(shape::text);
  out.choices = std::move(choices);
  return out;
}

schema integer(std::optional<std::int64_t> min, std::optional<std::int64_t> max) {
  return between(shape::integer, min, max);
}

schema number(std::optional<std::int64_t> min, std::optional<std::int64_t> max) {
  return between(shape::number, min, max);
}

schema boolean() { return of_shape(shape::boolean); }
schema instant_out() { return text_like("date-time"); }

schema moment_in() {
  return of_shape(shape::moment).meaning("RFC 3339, also without offset (then UTC), or Unix seconds");
}

schema uuid() { return text_like("uuid"); }

schema list_of(schema item, std::optional<std::int64_t> min, std::optional<std::int64_t> max) {
  auto out = between(shape::list, min, max);
  out.items.push_back(std::move(item));
  return out;
}

schema map_of(schema value) {
  auto out = of_shape(shape::map);
  out.items.push_back(std::move(value));
  return out;
}

schema object(std::vector<schema_member> members) {
  auto out = of_shape(shape::object);
  out.members = std::move(members);
  return out;
}

schema named(std::string_view name, std::vector<schema_member> members) {
  auto out = object(std::move(members));
  out.name = name;
  return out;
}

schema ref(const schema& named) {
  auto out = of_shape(shape::reference);
  out.target = &named;
  return out;
}

schema_member maybe(std::string_view name, schema value) { return {name, std::move(value), false}; }

std::vector<parameter_note> page_of(std::int64_t limit_by_default, std::vector<parameter_note> and_these) {
  constexpr std::string_view fifty = "Rows of a page; 50 unless given", twenty = "Rows of a page; 20 unless given";
  and_these.push_back({"limit", integer(1, 100).meaning(limit_by_default == 50 ? fifty : twenty)});
  and_these.push_back({"offset", integer(0).meaning("Rows to leave out before the page")});
  return and_these;
}

parameter_note confirmation_header() {
  return {"X-Confirm-Destructive", one_of({"true"}).meaning("What cannot be undone must be asked for"), true};
}

std::optional<schema> path_parameter(std::string_view name) {
  if (name == "cue_id")
    return text(1, 20).meaning("`cue_` and twelve characters");
  if (name == "execution_id" || name == "key_id" || name == "user_id")
    return uuid();
  if (name == "token")
    return text(16).meaning("Chosen by the caller; whoever knows it can read what was sent to it");
  if (name == "worker_id")
    return text(1, 255).meaning("As the worker named itself");
  return std::nullopt;
}

} // namespace cued::http
