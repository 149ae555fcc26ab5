/*
 * Names: any bytes but NUL and '/', up to 255 of them; upper and lower case differ; nothing is normalized. Each is made,
 * found by stat and in the directory, and removed.
 */
#include "../sandbox.h"

static void try_name(const char *what, const char *name) {
  make_file(name, 0644, name);
  is_text(named("%s-is-found", what), text_of(name), name);
  int seen = 0;
  DIR *directory = opendir(".");
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) seen += strcmp(entry->d_name, name) == 0;
  closedir(directory);
  is(named("%s-is-listed", what), seen, 1);
  gives(named("%s-is-removed", what), unlink(name), 0);
}

CASE(posix, names) {
  static const char *const names[][2] = {{"space", "a b"},
                                         {"leading-space", " a"},
                                         {"newline", "a\nb"},
                                         {"backslash", "a\\b"},
                                         {"three-dots", "..."},
                                         {"hidden", ".hidden"},
                                         {"dash", "-rf"},
                                         {"utf-8", "gr\xc3\xbc\xc3\x9f"},
                                         {"decomposed", "gru\xcc\x88"},
                                         {"not-utf-8", "\xff\xfe\x80"},
                                         {"control", "\x01\x1b[31m\x7f"},
                                         {"colon", "a:b"},
                                         {"quotes", "\"'`$"},
                                         {"silly", ".nfs-not-really"}};
  for (size_t at = 0; at < sizeof names / sizeof *names; at++) try_name(names[at][0], names[at][1]);
  char longest[257] = "";
  memset(longest, 'n', 255);
  try_name("longest", longest);
  longest[255] = 'n';
  opens("longer", open(longest, O_CREAT | O_WRONLY, 0600), ENAMETOOLONG);
  gives("longer-mkdir", mkdir(longest, 0700), ENAMETOOLONG);
  make_file("case", 0644, "lower");
  opens("other-case-is-another-name", open("CASE", O_CREAT | O_EXCL | O_WRONLY, 0600), 0);
  make_file("\xc3\xbc", 0644, "");
  opens("other-normalization-too", open("u\xcc\x88", O_CREAT | O_EXCL | O_WRONLY, 0600), 0);
}
