#include "http/validation/readers.hpp"

#include <algorithm>

#include "http/server/target.hpp"
#include "http/validation/coercions.hpp"

namespace cued::http {

namespace {

constexpr std::string_view not_an_object_with_members =
    "Input should be a valid dictionary or object to extract fields from";
constexpr std::string_view not_a_dictionary = "Input should be a valid dictionary";
constexpr std::string_view not_a_list = "Input should be a valid list";
constexpr std::string_view field_required = "Field required";

std::string characters(std::size_t n) { return std::to_string(n) + (n == 1 ? " character" : " characters"); }

coerced<std::string> check(coerced<std::string> text, const text_rules& rules) {
  if (!text || (rules.length_min == 0 && rules.length_max == no_length_limit))
    return text;
  const auto length = length_in_code_points(*text);
  if (length < rules.length_min)
    return tl::unexpected("String should have at least " + characters(rules.length_min));
  if (length > rules.length_max)
    return tl::unexpected("String should have at most " + characters(rules.length_max));
  return text;
}

coerced<std::int64_t> check(const coerced<wide_integer>& n, const integer_rules& rules) {
  if (!n)
    return tl::unexpected(n.error());
  if (n->value > rules.max || (n->beyond_int64 && n->value > 0))
    return tl::unexpected("Input should be less than or equal to " + std::to_string(rules.max));
  if (n->value < rules.min || (n->beyond_int64 && n->value < 0))
    return tl::unexpected("Input should be greater than or equal to " + std::to_string(rules.min));
  return n->value;
}

coerced<std::string> check(coerced<std::string> text, const choice_rules& rules) {
  if (text && std::find(rules.of.begin(), rules.of.end(), *text) != rules.of.end())
    return text;
  std::string message = "Input should be ";
  for (std::size_t i = 0; i < rules.of.size(); ++i) {
    if (i > 0)
      message += i + 1 == rules.of.size() ? " or " : ", ";
    message += "'" + rules.of[i] + "'";
  }
  return tl::unexpected(std::move(message));
}

/// The value, or a note of what is wrong with it and the fallback.
template <class T>
T noted(coerced<T> value, problem_list& problems, std::string field, T fallback = {}) {
  if (value)
    return std::move(*value);
  problems.add(std::move(field), std::move(value.error()));
  return fallback;
}

} // namespace

// -- problem_list ---------------------------------------------------------

/// A field can be named by the client: a header of a callback, a member that is not known.
void problem_list::add(std::string field, std::string message) {
  if (json::holds_lone_surrogate(std::string_view{field}))
    field = valid_utf8(field);
  found_.push_back({std::move(field), std::move(message)});
}

std::optional<error> problem_list::as_error() const {
  if (found_.empty())
    return std::nullopt;
  error e;
  e.status = 422;
  e.code = "validation_error";
  e.message = found_.front().field + ": " + found_.front().message;
  e.details = found_;
  return e;
}

// -- value_reader ---------------------------------------------------------

std::string value_reader::text(const text_rules& rules) {
  return noted(check(to_text(*value_), rules), *problems_, field_);
}

std::int64_t value_reader::integer(const integer_rules& rules) {
  return noted(check(to_integer(*value_), rules), *problems_, field_);
}

bool value_reader::boolean() { return noted(to_boolean(*value_), *problems_, field_); }

timestamp value_reader::time() { return noted(to_time(*value_), *problems_, field_); }

std::string value_reader::choice(const choice_rules& rules) {
  return noted(check(to_text(*value_), rules), *problems_, field_);
}

std::string value_reader::uuid() { return noted(to_uuid(*value_), *problems_, field_); }

object_reader value_reader::object() {
  if (value_->kind() == json::kind::object)
    return {value_, field_, *problems_};
  reject(std::string{not_an_object_with_members});
  return {nullptr, field_, *problems_};
}

std::vector<value_reader> value_reader::list() {
  if (value_->kind() != json::kind::array) {
    reject(std::string{not_a_list});
    return {};
  }
  std::vector<value_reader> out;
  out.reserve(value_->items().size());
  for (std::size_t i = 0; i < value_->items().size(); ++i)
    out.emplace_back(value_->items()[i], field_ + "." + std::to_string(i), *problems_);
  return out;
}

std::vector<std::pair<std::string, std::string>> value_reader::text_map() {
  if (value_->kind() != json::kind::object) {
    reject(std::string{not_a_dictionary});
    return {};
  }
  std::vector<std::pair<std::string, std::string>> out;
  out.reserve(value_->members().size());
  for (const auto& [name, item] : value_->members()) {
    value_reader entry{item, field_ + "." + name, *problems_};
    if (name.find('\0') != std::string::npos)
      entry.reject(std::string{null_character_refused});
    if (json::holds_lone_surrogate(name))
      entry.reject(std::string{lone_surrogate_refused});
    out.emplace_back(name, entry.text());
  }
  return out;
}

// -- object_reader --------------------------------------------------------

const json::value* object_reader::ask(std::string_view name) {
  asked_.push_back(name);
  return object_ ? object_->find(name) : nullptr;
}

const json::value* object_reader::ask_for_value(std::string_view name) {
  const auto* v = ask(name);
  return v && v->is_null() ? nullptr : v;
}

void object_reader::missing(std::string_view name) {
  if (object_)
    reject(name, std::string{field_required});
}

std::string object_reader::field_of(std::string_view name) const { return field_ + "." + std::string{name}; }

value_reader object_reader::at(std::string_view name, const json::value& v) const {
  return {v, field_of(name), *problems_};
}

std::string object_reader::text(std::string_view name, const text_rules& rules) {
  if (const auto* v = ask(name))
    return at(name, *v).text(rules);
  if (!rules.fallback)
    missing(name);
  return rules.fallback.value_or("");
}

std::int64_t object_reader::integer(std::string_view name, const integer_rules& rules) {
  if (const auto* v = ask(name))
    return at(name, *v).integer(rules);
  if (!rules.fallback)
    missing(name);
  return rules.fallback.value_or(0);
}

bool object_reader::boolean(std::string_view name, const boolean_rules& rules) {
  if (const auto* v = ask(name))
    return at(name, *v).boolean();
  if (!rules.fallback)
    missing(name);
  return rules.fallback.value_or(false);
}

std::string object_reader::choice(std::string_view name, const choice_rules& rules) {
  if (const auto* v = ask(name))
    return at(name, *v).choice(rules);
  if (!rules.fallback)
    missing(name);
  return rules.fallback.value_or("");
}

timestamp object_reader::time(std::string_view name) {
  if (const auto* v = ask(name))
    return at(name, *v).time();
  missing(name);
  return {};
}

object_reader object_reader::object(std::string_view name) {
  if (const auto* v = ask(name))
    return at(name, *v).object();
  missing(name);
  return {nullptr, field_of(name), *problems_};
}

std::optional<std::vector<value_reader>> object_reader::list(std::string_view name) {
  if (const auto* v = ask(name))
    return at(name, *v).list();
  return std::nullopt;
}

std::optional<std::string> object_reader::optional_text(std::string_view name, const text_rules& rules) {
  if (const auto* v = ask_for_value(name))
    return at(name, *v).text(rules);
  return std::nullopt;
}

std::optional<std::int64_t> object_reader::optional_integer(std::string_view name, const integer_rules& rules) {
  if (const auto* v = ask_for_value(name))
    return at(name, *v).integer(rules);
  return std::nullopt;
}

std::optional<bool> object_reader::optional_boolean(std::string_view name) {
  if (const auto* v = ask_for_value(name))
    return at(name, *v).boolean();
  return std::nullopt;
}

std::optional<std::string> object_reader::optional_choice(std::string_view name, const choice_rules& rules) {
  if (const auto* v = ask_for_value(name))
    return at(name, *v).choice(rules);
  return std::nullopt;
}

std::optional<timestamp> object_reader::optional_time(std::string_view name) {
  if (const auto* v = ask_for_value(name))
    return at(name, *v).time();
  return std::nullopt;
}

std::optional<object_reader> object_reader::optional_object(std::string_view name) {
  if (const auto* v = ask_for_value(name))
    return at(name, *v).object();
  return std::nullopt;
}

std::optional<std::string> object_reader::optional_uuid(std::string_view name) {
  if (const auto* v = ask_for_value(name))
    return at(name, *v).uuid();
  return std::nullopt;
}

std::optional<std::vector<value_reader>> object_reader::optional_list(std::string_view name) {
  if (const auto* v = ask_for_value(name))
    return at(name, *v).list();
  return std::nullopt;
}

std::optional<std::vector<std::pair<std::string, std::string>>>
object_reader::optional_text_map(std::string_view name) {
  if (const auto* v = ask_for_value(name))
    return at(name, *v).text_map();
  return std::nullopt;
}

const json::value* object_reader::free(std::string_view name, std::optional<json::kind> wanted, null_characters n) {
  const auto* v = ask_for_value(name);
  if (!v)
    return nullptr;
  if (wanted && v->kind() != *wanted) {
    reject(name, std::string{*wanted == json::kind::array ? not_a_list : not_a_dictionary});
    return nullptr;
  }
  if (json::holds_lone_surrogate(*v)) {
    reject(name, std::string{lone_surrogate_refused});
    return nullptr;
  }
  if (n == null_characters::refused && json::holds_null_character(*v)) {
    reject(name, std::string{null_character_refused});
    return nullptr;
  }
  return v;
}

const json::value* object_reader::free_object(std::string_view name, null_characters n) {
  return free(name, json::kind::object, n);
}

const json::value* object_reader::free_list(std::string_view name, null_characters n) {
  return free(name, json::kind::array, n);
}

const json::value* object_reader::free_value(std::string_view name, null_characters n) {
  return free(name, std::nullopt, n);
}

bool object_reader::contains(std::string_view name) const { return object_ && object_->find(name); }

bool object_reader::is_null(std::string_view name) const {
  const auto* v = object_ ? object_->find(name) : nullptr;
  return v && v->is_null();
}

void object_reader::refuse_unknown() {
  if (!object_)
    return;
  for (const auto& [name, ignored] : object_->members())
    if (std::find(asked_.begin(), asked_.end(), name) == asked_.end())
      reject(name, "Extra inputs are not permitted");
}

void object_reader::reject(std::string_view name, std::string message) {
  problems_->add(field_of(name), std::move(message));
}

void object_reader::value_error(std::string_view text) { problems_->add(field_, "Value error, " + std::string{text}); }

void object_reader::open(const json::value* object) {
  object_ = object;
  problems_before_ = problems_->size();
}

// -- body_reader ----------------------------------------------------------

body_reader::body_reader(const request& in) : object_reader{own_} { read(in); }

body_reader::body_reader(const request& in, query_reader& query) : object_reader{query.problems_} { read(in); }

void body_reader::read(const request& in) {
  const bool absent = in.json ? in.json->is_null() : in.body.empty();
  if (in.json && in.json->kind() == json::kind::object) {
    open(&*in.json);
    return;
  }
  open(nullptr);
  if (!absent)
    noted().add("body", std::string{not_an_object_with_members});
  else if (in.body_required)
    noted().add("body", std::string{field_required});
}

// -- query_reader ---------------------------------------------------------

namespace {
std::string query_field(std::string_view name) { return "query." + std::string{name}; }
} // namespace

std::optional<std::string> query_reader::optional_text(std::string_view name, const text_rules& rules) {
  if (const auto* v = in_->query_value(name))
    return noted(check(to_text(std::string_view{*v}), rules), problems_, query_field(name));
  return std::nullopt;
}

std::optional<std::int64_t> query_reader::optional_integer(std::string_view name, const integer_rules& rules) {
  if (const auto* v = in_->query_value(name))
    return noted(check(to_integer(std::string_view{*v}), rules), problems_, query_field(name));
  return std::nullopt;
}

std::optional<bool> query_reader::optional_boolean(std::string_view name) {
  if (const auto* v = in_->query_value(name))
    return noted(to_boolean(std::string_view{*v}), problems_, query_field(name));
  return std::nullopt;
}

std::optional<timestamp> query_reader::optional_time(std::string_view name) {
  if (const auto* v = in_->query_value(name))
    return noted(parse_timestamp(*v), problems_, query_field(name));
  return std::nullopt;
}

std::string query_reader::text(std::string_view name, const text_rules& rules) {
  auto value = optional_text(name, rules);
  if (!value && !rules.fallback)
    reject(name, std::string{field_required});
  return value ? *value : rules.fallback.value_or("");
}

std::int64_t query_reader::integer(std::string_view name, const integer_rules& rules) {
  const auto value = optional_integer(name, rules);
  if (!value && !rules.fallback)
    reject(name, std::string{field_required});
  return value ? *value : rules.fallback.value_or(0);
}

bool query_reader::boolean(std::string_view name, const boolean_rules& rules) {
  const auto value = optional_boolean(name);
  if (!value && !rules.fallback)
    reject(name, std::string{field_required});
  return value ? *value : rules.fallback.value_or(false);
}

std::string query_reader::path_uuid(std::size_t index, std::string_view name) {
  return noted(to_uuid(std::string_view{in_->path_params.at(index)}), problems_, "path." + std::string{name});
}

void query_reader::reject(std::string_view name, std::string message) {
  problems_.add(query_field(name), std::move(message));
}

} // namespace cued::http
