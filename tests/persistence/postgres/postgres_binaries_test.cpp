#include "persistence/postgres/postgres_binaries.hpp"

#include <fstream>

#include "tests/persistence/test_database.hpp"

namespace cued::persistence {

TEST(postgres_binaries, the_major_version_is_read_from_what_the_server_prints) {
  EXPECT_EQ(major_of_version_line("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"), 15);
  EXPECT_EQ(major_of_version_line("postgres (PostgreSQL) 17devel"), 17);
  EXPECT_EQ(major_of_version_line("command not found"), std::nullopt);
}

TEST(postgres_binaries, the_major_version_of_a_cluster_is_in_its_first_line) {
  const test::temporary_directory home;
  std::ofstream{home.path() / "PG_VERSION"} << "15\n";
  EXPECT_EQ(cluster_major(home.path() / "PG_VERSION"), 15);
  std::ofstream{home.path() / "PG_VERSION"} << "x\n";
  EXPECT_EQ(cluster_major(home.path() / "PG_VERSION"), std::nullopt);
  EXPECT_EQ(cluster_major(home.path() / "missing"), std::nullopt);
}

TEST(postgres_binaries, what_is_found_is_complete_and_sorted_newest_first) {
  const auto found = find_postgres("");
  ASSERT_FALSE(found.empty());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(std::filesystem::exists(found[i].bin_dir / "initdb"));
    if (i > 0) {
      EXPECT_LE(found[i].major, found[i - 1].major);
    }
  }
}

TEST(postgres_binaries, a_given_directory_is_the_only_one_looked_at) {
  const auto all = find_postgres("");
  ASSERT_FALSE(all.empty());
  const auto given = find_postgres(all.front().bin_dir.string());
  ASSERT_EQ(given.size(), 1U);
  EXPECT_EQ(given.front().major, all.front().major);
  EXPECT_TRUE(find_postgres("/nowhere").empty());
}

} // namespace cued::persistence
